"""Readers for single values, each from the raw text by what the key expects."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection

from pytest_portaswitch.source import bounded_regex, pattern_time
from pytest_portaswitch.source.problem import closest
from pytest_portaswitch.source.slow_regex import slow_text
from pytest_portaswitch.source.value import Read, T, Value
from pytest_portaswitch.text import show

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_LONGEST_PROSE = 1000
_LONGEST_PATTERN = 500
_LITERALS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_NEWER = re.compile(r"\(\?>|(?:[*+?]|\{[0-9]+,?[0-9]*\}|\{,[0-9]+\})\+")
"""Atomic groups and possessive repeats, of Python 3.11: hosts match the patterns, too."""
_NAMED = re.compile(r"(?<!\\)(?:\\\\)*(\\[Nz])")
"""``\\N{...}`` of Python 3.8, ``\\z`` of 3.14."""


def prose(value: Value) -> str | None:
    """A text for people on one line: white space folded, nothing that could steer a terminal."""
    text = value.scalar("text")
    if text is None:
        return None
    folded = " ".join(text.split())
    if not folded:
        value.refuse("must not be blank")
    elif not show.is_one_line(folded):
        value.refuse("holds a control character", "remove it")
    elif len(folded) > _LONGEST_PROSE:
        value.refuse(f"is longer than {_LONGEST_PROSE} characters")
    else:
        return folded
    return None


def flag(value: Value) -> bool | None:
    """A yes or no, in any of YAML's spellings."""
    text = value.scalar("true or false")
    if text is None:
        return None
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    value.refuse("must be true or false")
    return None


def integer(low: int, high: int) -> Read[int]:
    """A reader of decimal numbers within bounds, both included."""
    expected = f"a number from {low} to {high}"

    def read(value: Value) -> int | None:
        text = value.scalar(expected)
        if text is None:
            return None
        if _DECIMAL.match(text) and low <= int(text) <= high:
            return int(text)
        value.refuse(f"must be {expected}")
        return None

    return read


def day(value: Value) -> datetime.date | None:
    """A day of the calendar, such as 2027-01-31."""
    text = value.scalar("a day such as 2027-01-31")
    if text is None:
        return None
    if not _DAY.match(text):
        value.refuse("must be a day such as 2027-01-31")
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        value.refuse("is no day of the calendar")
        return None


def choice(known: Collection[str] | None, what: str) -> Read[str]:
    """A reader of one of several words; ``what`` names them, such as ``a role of the tables``.

    None as ``known``: what is valid could not be read, so any word is let through.
    """

    def read(value: Value) -> str | None:
        text = value.scalar(what)
        if text is None or known is None or text in known:
            return text
        value.refuse(f"is not {what}", closest(text, known))
        return None

    return read


def matching(pattern: str, rule: str, longest: int = 253) -> Read[str]:
    """A reader of texts that match a pattern from end to end."""
    compiled = re.compile(pattern)

    def read(value: Value) -> str | None:
        text = value.scalar("text")
        if text is None:
            return None
        if len(text) <= longest and compiled.fullmatch(text):
            return text
        value.refuse(rule)
        return None

    return read


def listing(read: Read[T], what: str, *, distinct: bool = True) -> Read[tuple[T, ...]]:
    """A reader of lists that hold at least one item; ``what`` names the items."""

    def read_all(value: Value) -> tuple[T, ...] | None:
        items = value.items(f"a list of {what}")
        if items is None:
            return None
        if not items:
            value.refuse(f"must be a list of {what}, is empty")
            return None
        found: list[T] = []
        seen: set[T] = set()
        for item in items:
            one = read(item)
            if one is not None and distinct and one in seen:
                item.refuse("is there twice")
            elif one is not None:
                found.append(one)
                seen.add(one)
        return tuple(found) or None

    return read_all


def regex(value: Value) -> str | None:
    """A regular expression of Python's that compiles, asks for something, and comes to an end."""
    text = value.scalar("a regular expression")
    if text is None:
        return None
    if len(text) > _LONGEST_PATTERN:
        value.refuse(f"is longer than {_LONGEST_PATTERN} characters")
        return None
    if not show.is_one_line(text):
        value.refuse("holds a control character", r"write it as an escape, such as \t")
        return None
    if newer := _NEWER.search(_LITERALS.sub("x", text)) or _NAMED.search(text):
        value.refuse(
            f"has {newer[0]!r}, which Python 3.6 of some hosts cannot read", "leave it out"
        )
        return None
    if pattern_time.is_spent(value.file):
        rule = f"is not tried: the patterns of this file take more than {pattern_time.SECONDS:g} s"
        value.refuse(rule, "write fewer, and without repeats inside repeats")
        return None
    with pattern_time.counted(value.file):
        return _tried(text, value)


def _tried(text: str, value: Value) -> str | None:
    if why := bounded_regex.refusal(text):
        value.refuse(why)
        return None
    if why := slow(text):
        value.refuse(why, SLOW_FIX)
        return None
    try:
        if not bounded_regex.is_empty_found(text):
            return text
        value.refuse("matches anything at all", "name the process")
    except bounded_regex.Undecided as error:
        value.refuse(error.why, SLOW_FIX)
    return None


SLOW_FIX = "write it without repeats inside repeats, such as a+ for (a+)+"


def slow(pattern: str) -> str:
    """Why the pattern would leave checks unknown, or empty."""
    text = slow_text(pattern)
    return f"takes for ever on a text such as {show.quoted(text)}" if text else ""
