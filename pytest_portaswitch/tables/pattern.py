"""Process patterns as tables write them."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.source import Value, pattern_time
from pytest_portaswitch.source.scalar import SLOW_FIX, choice, prose, regex, slow
from pytest_portaswitch.source.slow_regex import can_be_slow
from pytest_portaswitch.source.tree import Listing
from pytest_portaswitch.source.value import Read
from pytest_portaswitch.tables import release as releases
from pytest_portaswitch.tables.row import ProcessPattern

_CONFIDENCES = ("documented", "corroborated", "assumed", "pinned")
NOTHING = ProcessPattern(match="(?!)", confidence="assumed")
"""Matches no process; stands in for a pattern that was refused."""


def reader(release: str) -> Read[ProcessPattern]:
    """A reader of what a process is called in a release: one pattern, or a list of them with the
    releases for which each holds."""

    def read_one(value: Value) -> ProcessPattern | None:
        if not isinstance(value.node, Listing):
            return _read(value, ())
        spans: list[tuple[str, str]] = []
        holding: ProcessPattern | None = None
        for item in value.items("a list of patterns") or ():
            found = _read(item, ("since", "until"))
            if found is None:
                continue
            entries = item.entries() or {}
            span = tuple(
                (releases.read(entries[key]) or "") if key in entries else ""
                for key in ("since", "until")
            )
            if any(releases.overlap((span[0], span[1]), other) for other in spans):
                item.refuse("holds for the same releases as another one", "give since and until")
            spans.append((span[0], span[1]))
            if releases.holds(span[0], span[1], release):
                holding = found
        if holding is None and spans:
            what = release or "the newest release"
            value.refuse(f"names no process for {what}", "say so with since and until", value="")
        return holding

    return read_one


def _read(value: Value, dates: tuple[str, ...]) -> ProcessPattern | None:
    """``{program | match: REGEX, confidence: ..., source: ...}``."""
    section = value.section(("confidence",), ("program", "match", "source", *dates))
    if section is None:
        return None
    if len(section.entries.keys() & {"program", "match"}) != 1:
        value.refuse("needs either 'program' or 'match'", "'program' is the program's own name")
    program = section.read("program", program_name, "")
    match = section.read("match", regex, NOTHING.match)
    fields = {
        "match": of_program(program) if program else match,
        "confidence": section.read("confidence", choice(_CONFIDENCES, "a confidence"), "assumed"),
        "program": program,
        "source": section.read("source", prose, ""),
    }
    return msgspec.convert(fields, ProcessPattern)


def program_name(value: Value) -> str | None:
    """A regular expression for a program's own name, which comes to an end in ``of_program``."""
    name = regex(value)
    with pattern_time.counted(value.file):
        why = slow(of_program(name)) if name and can_be_slow(name) else ""
    if why:
        value.refuse(why, SLOW_FIX)
        return None
    return name


def of_program(name: str) -> str:
    """A pattern for a program of that name, run by itself or by an interpreter.

    It looks at the program only, so that an editor or a search that has the name among its
    arguments, or a folder of that name, is not taken for it. An extension such as ``.py`` may
    follow, and a title such as ``name: worker``. The interpreter's own name may have a suffix, such
    as ``pypy3.6-c``.
    """
    interpreter = (
        r"((platform-)?(python|pypy|perl)[\d.]*[dmut]{0,2}(-[a-z]{1,8})?(\s-\S+)*\s(\S*/)?)?"
    )
    return rf"(?i)^(\S*/)?{interpreter}({name})(\.(py|pyc|pl))?(?![\w./-])"
