"""Patterns that take for ever on a short text, found by trying: ``(a+)+$`` on ``aaaaaaaaaaaa!``.

Python's engine tries every way to divide a text among the repeats of a pattern. Where a repeat
holds a choice, such as another repeat, there may be twice as many ways with each further character.
Whether there are depends on all of the pattern: ``([a-z]+[.])+`` has one way only. So texts are
made up that have what is repeated many times, and then something that does not match, and a pattern
is slow where the engine takes long for one of them.

This is for people who write a pattern. Whoever searches bounds each search: ``bounded_regex`` here,
``observe/remote/program/matching.py`` on hosts.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_portaswitch.source import regex_tree
from pytest_portaswitch.source.regex_tree import Part

LONGEST = 80
"""Characters of a text that is tried."""
SECONDS = 0.05
"""Of processor time. On a host a search has as long for a whole command line."""
_SECONDS_FOR_ALL = 1.0
_LENGTHS = (LONGEST, 50, 31, 20)
_ENDS = ("!", "\0", "/", "")
_MOST = 6
"""Texts that stand for one part of a pattern."""
_MOST_REPEATS = 30
_REPEATED = 5
"""Times that a counted repeat must allow to be worth a try."""

_TRY = f"""
import json, re, signal, sys, time
search = re.compile(json.loads(sys.stdin.readline())).search
for at, text in enumerate(json.loads(sys.stdin.readline())):
    print(at, flush=True)
    signal.setitimer(signal.ITIMER_VIRTUAL, {SECONDS})
    search(text)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if time.process_time() > {_SECONDS_FOR_ALL}:
        break
"""
"""What tries texts, in a process of its own: while the engine searches, only a kernel can end it.
The last number that it prints is that of the text for which the kernel did."""


@functools.lru_cache(maxsize=1024)
def slow_text(pattern: str) -> str:
    """A text of at most ``LONGEST`` characters on which the pattern is slow; empty: none was found.

    The pattern compiles.
    """
    texts = _distinct(
        f"{before}{body * ((length - len(before) - 1) // len(body))}{end}"
        for before, body in _pumps(pattern)
        for length in _LENGTHS
        for end in _ENDS
    )
    texts = [text for text in texts if len(text) <= LONGEST]
    if not texts:
        return ""
    given = f"{json.dumps(pattern)}\n{json.dumps(texts)}\n"
    try:
        tried = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _TRY],
            input=given, capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:
        return ""  # it may start no more processes: whoever searches has a limit of its own
    was_ended = tried.returncode == -signal.SIGVTALRM
    return texts[int(tried.stdout.split()[-1])] if was_ended else ""


def can_be_slow(pattern: str) -> bool:
    """Whether something is repeated that holds a choice; the pattern compiles."""
    return bool(_pumps(pattern))


def _pumps(pattern: str) -> list[tuple[str, str]]:
    """What may stand before a repeat that holds a choice, and what is repeated."""
    # One letter for all classes that have it, since the ways cross where two have the same.
    known = "".join(dict.fromkeys(["a", *re.sub(r"\\.", "", pattern), *"A0_ -./:=\t"]))
    try:
        return list(
            itertools.islice(_repeated(regex_tree.parts(pattern), [""], known), _MOST_REPEATS)
        )
    except RecursionError:
        return []


def _repeated(parts: list[Part], before: list[str], known: str) -> Iterator[tuple[str, str]]:
    for place, (name, value) in enumerate(parts):
        for inside in regex_tree.inside(name, value):
            yield from _repeated(inside, before, known)
            if regex_tree.is_repeat(name) and value[1] >= _REPEATED and _has_choice(inside):
                yield from itertools.product(before, filter(None, _texts(inside, known)))
        before = _joined(before, _texts([parts[place]], known))[:2]


def _has_choice(parts: list[Part]) -> bool:
    """Whether one text may match these parts in several ways."""
    return any(
        (regex_tree.is_repeat(name) and value[0] != value[1])
        or str(name) == "BRANCH"
        or any(map(_has_choice, regex_tree.inside(name, value)))
        for name, value in parts
    )


def _texts(parts: list[Part], known: str) -> list[str]:
    """Some texts that match the parts, which may be none that are found."""
    found = [""]
    for name, value in parts:
        found = _joined(found, _texts_of(name, value, known))
    return found


def _texts_of(name: Any, value: Any, known: str) -> list[str]:
    if regex_tree.is_repeat(name):
        least, _, inside = value
        some = _texts([*inside], known)
        times = min(max(int(least), 1), 40)
        several = [one * times for one in some]
        return several if least else ["", *several]
    match str(name):
        case "LITERAL":
            return [chr(value)]
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return [""]
        case "ANY" | "NOT_LITERAL" | "IN":
            return [one for one in known if _matches(name, value, one)][:3]
        case "GROUPREF":
            return ["", "a"]
    inside = regex_tree.inside(name, value)
    # Each alternative, before a second text of one.
    each = itertools.zip_longest(*(_texts(one, known) for one in inside))
    return _distinct(one for row in each for one in row if one is not None)[:_MOST]


def _joined(first: list[str], second: list[str]) -> list[str]:
    return _distinct(a + b for b in second for a in first)[:_MOST]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _matches(name: Any, value: Any, character: str) -> bool:
    code = ord(character)
    match str(name):
        case "ANY":
            return character != "\n"
        case "NOT_LITERAL":
            return bool(code != value)
        case "LITERAL":
            return bool(code == value)
        case "RANGE":
            return bool(value[0] <= code <= value[1])
        case "CATEGORY":
            kind = str(value).removeprefix("CATEGORY_")
            is_in = {
                "DIGIT": character.isdigit(),
                "SPACE": character.isspace(),
                "WORD": character.isalnum() or character == "_",
            }[kind.removeprefix("NOT_")]
            return is_in != kind.startswith("NOT_")
        case "IN":
            is_out = str(value[0][0]) == "NEGATE"
            return any(_matches(one[0], one[1], character) for one in value[is_out:]) != is_out
    return False
