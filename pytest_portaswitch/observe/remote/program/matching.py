"""Which process patterns match: tried on what a command line runs, each within a time limit.

A pattern is the site's own, and a command line is whoever's on this host: some pairs take a regular
expression years. What is not decided in time is said to be undecided.

On the controller, ``source/bounded_regex.py`` searches by the same patterns, with an engine that
hosts do not have.
"""

import os
import re
import time

from pytest_portaswitch.facts.bare import signal
from pytest_portaswitch.facts.commands import LONGEST, matched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Search = Callable[[str], "re.Match[str] | None"]

_PAGE = 4096  # Linux before 4.2 shows no more of a command line than that
_LIMIT = 0.05  # seconds of processor time, so that a busy host decides as much as an idle one
_OVERRUNS = 2  # after so many a pattern is tried no more
_MOST_OVERRUNS = 10  # of all patterns together
# Regular expressions look for signals every few thousand steps, of which each may take as long as
# the line is: those that are longer are left to a child, which the kernel can end at any time.
_SHORT = 16384
_LONG_LIMIT = 0.5  # seconds of processor time for one of those
_LONG_LIMITS = 3.0  # for all of them; then no more than their beginning is read
_WORD = r"[a-z][a-z0-9_.-]{3,}"


class _Late(Exception):
    """A search took too long."""


class Matcher:
    """The patterns of one request. What was found of a line is remembered: workers share theirs."""

    def __init__(self, patterns: "list[str]", sought: int, until: float) -> None:
        """``sought``: so many are looked for everywhere, the others only where sockets are held.

        ``until``: from when on, on the monotonic clock, nothing is tried that takes long.
        """
        self._count = len(patterns)
        self._sought = sought
        self._words = [frozenset(re.findall(_WORD, pattern.lower())) for pattern in patterns]
        self._searches = [_compiled(pattern) for pattern in patterns]
        self._overruns = [0] * self._count
        self._bound = _OVERRUNS
        self._until = until
        self._known: dict[tuple[str, bytes, bool], tuple[list[int], list[int]]] = {}
        self._spent = 0.0
        self._tries = self._ticked = 0
        self._searching = False

    def __enter__(self) -> "Matcher":
        """Start the clock, which ticks while this process works."""
        signal.signal(signal.SIGVTALRM, self._tick)
        signal.setitimer(signal.ITIMER_VIRTUAL, _LIMIT, _LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the clock."""
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def words(self, matches: "list[int]") -> "set[str]":
        """Return the words that stand in some patterns, in lower case."""
        return set().union(*(self._words[at] for at in matches))

    @property
    def longest(self) -> int:
        """How many bytes of a command line are to be read now."""
        return LONGEST if self._spent < _LONG_LIMITS else _SHORT

    def match(self, name: str, line: bytes, owns: bool) -> "tuple[list[int], list[int]]":
        """Return the places of the patterns that match, and of those that are undecided.

        ``line``: as many bytes of it as ``longest`` says.
        """
        if len(line) >= _SHORT:
            return self._match(name, line, owns)
        key = (name, line, owns)
        if key not in self._known:
            self._known[key] = self._match(name, line, owns)
        return self._known[key]

    def _match(self, name: str, line: bytes, owns: bool) -> "tuple[list[int], list[int]]":
        matches: list[int] = []
        undecided: list[int] = []
        cut = len(line) >= self.longest or len(line) == _PAGE
        text = line.rstrip(b"\0").decode("utf-8", "replace")
        command, end = matched(text.replace("\n", " ").split("\0"))  # a dot matches no line end
        for at in range(self._count if owns else self._sought):
            found = self._search(at, name, len(name) + 1) or self._search(at, command, end)
            if found:
                matches.append(at)
            elif found is None or cut:
                undecided.append(at)
        return matches, undecided

    def _search(self, at: int, words: str, end: int) -> "bool | None":
        """Return whether a pattern is found before a place; None where that takes too long."""
        search = self._searches[at]
        if search is None or self._overruns[at] >= self._bound:
            return None
        if len(words) <= _SHORT:
            found = self._here(search, words, end)
        elif self._spent >= _LONG_LIMITS or time.monotonic() > self._until:
            self._spent = _LONG_LIMITS
            return None
        else:
            before = os.times()[2]
            found = _in_child(search, words, end)
            self._spent += os.times()[2] - before
        if found is None:
            self._overruns[at] += 1
            late = time.monotonic() > self._until
            if late or sum(self._overruns) >= _MOST_OVERRUNS:
                self._bound = 1
        return found

    def _here(self, search: "Search", words: str, end: int) -> "bool | None":
        self._tries += 1
        self._searching = True
        try:
            return _is_before(search(words), end)
        except (_Late, MemoryError, RecursionError):
            return None
        finally:
            self._searching = False

    def _tick(self, *_: object) -> None:
        # One that was under way at the last tick as well has had its time.
        if self._searching and self._ticked == self._tries:
            raise _Late
        self._ticked = self._tries


def _is_before(found: "re.Match[str] | None", end: int) -> bool:
    return found is not None and found.start() < end


def _compiled(pattern: str) -> "Search | None":
    """Return how to search for a pattern; None where this Python does not know its syntax."""
    try:
        return re.compile(pattern).search
    except (re.error, OverflowError, RecursionError):
        return None


def _in_child(search: "Search", words: str, end: int) -> "bool | None":
    reading, writing = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            try:
                signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
                signal.setitimer(signal.ITIMER_VIRTUAL, _LONG_LIMIT)
                os.write(writing, b"y" if _is_before(search(words), end) else b"n")
            finally:
                os._exit(0)
        os.close(writing)
        writing = -1
        said = os.read(reading, 1)
        os.waitpid(pid, 0)
        return said == b"y" if said else None
    except OSError:
        return None  # it may start no more processes
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
