"""Process patterns as tables write them."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import choice, prose, regex
from pytest_portaswitch.tables.row import ProcessPattern

_CONFIDENCES = ("documented", "corroborated", "assumed", "pinned")
NOTHING = ProcessPattern(match="(?!)", confidence="assumed")
"""Matches no process; stands in for a pattern that was refused."""


def read(value: Value) -> ProcessPattern | None:
    """``{program | match: REGEX, confidence: ..., source: ...}``."""
    section = value.section(("confidence",), ("program", "match", "source"))
    if section is None:
        return None
    if len(section.entries.keys() & {"program", "match"}) != 1:
        value.refuse("needs either 'program' or 'match'", "'program' is the program's own name")
    program = section.read("program", regex, "")
    match = section.read("match", regex, NOTHING.match)
    fields = {
        "match": of_program(program) if program else match,
        "confidence": section.read("confidence", choice(_CONFIDENCES, "a confidence"), "assumed"),
        "program": program,
        "source": section.read("source", prose, ""),
    }
    return msgspec.convert(fields, ProcessPattern)


def of_program(name: str) -> str:
    """A pattern for a program of that name, run by itself or by an interpreter.

    It looks at the program only, so that an editor or a search that has the name among its
    arguments, or a folder of that name, is not taken for it. An extension such as ``.py`` may
    follow, and a title such as ``name: worker``.
    """
    interpreter = r"((platform-)?(python|pypy|perl)[\d.]*(\s-\S+)*\s(\S*/)?)?"
    return rf"(?i)^(\S*/)?{interpreter}({name})(\.(py|pyc|pl))?(?![\w./-])"
