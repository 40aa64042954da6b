"""Search by patterns that people or evidence wrote, within bounded time and memory.

The ``regex`` package reads Python's syntax and takes a time limit for each search; ``re`` cannot be
ended, and engines without backtracking lack the lookarounds that cluster files use. ``regex``
unrolls repeats while it compiles, so their size is bounded before.

The same patterns are tried on hosts, which have no package of ours: how a search is bounded there
stands in ``observe/remote/program/matching.py``. What is not decided in time is unknown in both.
``slow_regex`` finds such patterns when a file with them is loaded.
"""

from __future__ import annotations

import functools
import re
import time
import warnings
from typing import Protocol

from pytest_portaswitch.source import regex_tree

LONGEST = 1200
"""Characters: what a cluster file may hold, with what ``tables.pattern`` puts around it."""

LARGEST = 10_000
"""Parts of a pattern whose counted repeats are written out."""

SECONDS = 0.5
"""Of processor time, for one search."""

_SHORT_SECONDS = 0.005
_MOST_LOST_BY_ONE = 2.0
_MOST_LOST = 60.0

_COUNT = r"\{[0-9]*(?:,[0-9]*)?\}"
_BRACE = re.compile(rf"\\N\{{|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|{_COUNT}|\{{", re.DOTALL | re.ASCII)
_NO_REPEAT = re.compile(r"[^*+?{(]*")
_SHORT_TEXT = 10_000
"""Without repeats and groups ``re`` tries each place of such a text once: no need of ``regex``."""


class Undecided(Exception):
    """Nobody can say in time whether the pattern matches; it is neither found nor missing."""

    def __init__(self, pattern: str, why: str) -> None:
        super().__init__(f"the pattern {_shown(pattern)} {why}")
        self.pattern = pattern
        self.why = why

    def __reduce__(self) -> tuple[type[Undecided], tuple[str, ...]]:
        """Survive the way between processes."""
        return type(self), (self.pattern, self.why)


class TooSlow(Undecided):
    """The search took longer than its time; elsewhere there may be enough."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, f"takes more than {SECONDS} s to match")

    def __reduce__(self) -> tuple[type[TooSlow], tuple[str, ...]]:
        return type(self), (self.pattern,)


class _Match(Protocol):
    def start(self) -> int: ...


class _Compiled(Protocol):
    def search(self, text: str, *, timeout: float) -> _Match | None: ...


def refusal(pattern: str) -> str:
    """Why ``found`` would never decide by this pattern, such as ``is not a regular expression:
    missing ), unterminated subpattern at position 0``. Empty where it would.
    """
    try:
        _compile(pattern)
    except Undecided as error:
        return error.why
    return ""


def is_empty_found(pattern: str) -> bool:
    """Whether even the empty text has the pattern. Raises ``Undecided`` as ``found`` does."""
    # There a repeat ends at once, and each branch doubles the ways.
    if len(re.findall(r"[?(|]", pattern)) <= 12 and "{" not in pattern:
        return _compile(pattern).search("") is not None
    return found(pattern, "")


# Hosts of one kind run the same programs, and several checks look for each.
@functools.lru_cache(maxsize=1 << 14)
def found(pattern: str, text: str, end: int | None = None) -> bool:
    """Whether the pattern is found in the text, as by ``re.search``.

    ``end``: before this place it must begin. Raises ``Undecided`` where the search takes longer
    than its time, or the pattern is none.
    """
    compiled = _compile(pattern)
    if len(text) <= _SHORT_TEXT and _NO_REPEAT.fullmatch(pattern):
        match: _Match | None = compiled.search(text)
    else:
        match = _lost.search(pattern, _compile_bounded(pattern), text)
    return match is not None and (end is None or match.start() < end)


class _Lost:
    """Seconds that slow searches took. Texts of one host must not use up the time of
    another's, so a pattern that lost much gets less time for each text, and is rarely given up.
    """

    def __init__(self) -> None:
        self.by_pattern: dict[str, float] = {}
        self.total = 0.0

    def search(self, pattern: str, compiled: _Compiled, text: str) -> _Match | None:
        seconds = self._seconds(pattern)
        began = time.process_time()
        try:
            found = compiled.search(text, timeout=seconds)
        except (TimeoutError, MemoryError):
            self._count(pattern, seconds)
            raise TooSlow(pattern) from None
        # Where something is found as well: many that take a bit less than their time take hours.
        if (took := time.process_time() - began) > _SHORT_SECONDS:
            self._count(pattern, took)
        return found

    def _count(self, pattern: str, seconds: float) -> None:
        self.by_pattern[pattern] = self.by_pattern.get(pattern, 0.0) + seconds
        self.total += seconds

    def _seconds(self, pattern: str) -> float:
        lost = self.by_pattern.get(pattern, 0.0)
        if lost and self.total > _MOST_LOST:
            raise TooSlow(pattern)
        is_spent = lost > _MOST_LOST_BY_ONE or self.total > _MOST_LOST
        return _SHORT_SECONDS if is_spent else SECONDS


_lost = _Lost()


# The patterns of the tables meet every process.
@functools.lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    if len(pattern) > LONGEST:
        raise Undecided(pattern, f"is longer than {LONGEST} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if regex_tree.size(regex_tree.parts(pattern), LARGEST + 1) <= LARGEST:
                return re.compile(pattern)
    except OverflowError:
        pass
    except (re.error, Warning, ValueError, RecursionError) as error:
        raise Undecided(pattern, f"is not a regular expression: {error}") from None
    raise Undecided(pattern, f"repeats more than {LARGEST} parts")


@functools.lru_cache(maxsize=1024)
def _compile_bounded(pattern: str) -> _Compiled:
    import regex  # takes 15 ms to load, and many commands search for nothing

    try:
        return regex.compile(_BRACE.sub(_literal_brace, pattern))
    except (regex.error, ValueError, OverflowError, RecursionError) as error:
        raise Undecided(pattern, f"is not a regular expression: {error}") from None


def _literal_brace(found: re.Match[str]) -> str:
    """``regex`` takes ``x{e}`` for an approximate match; for ``re`` the brace is itself."""
    return r"\{" if found.group() == "{" else found.group()


def _shown(pattern: str) -> str:
    cut = pattern if len(pattern) <= 80 else f"{pattern[:77]}..."
    return ascii(cut)
