"""What is wrong with something a person wrote, said so that they can mend it."""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Iterable

import msgspec

from pytest_portaswitch.text import show

MOST = 500
"""Problems that are collected; whoever has made so many has made one mistake often."""

_LONGEST_VALUE = 80
_MOST_COMPARED = 200


class Problem(msgspec.Struct, frozen=True):
    """One mistake: where it stands, what stands there, the rule, and the way out.

    As text: ``FILE:LINE: where: 'value': rule (fix)``, one line that is no command
    of a terminal or a CI system.
    """

    file: str
    line: int
    """Counted from 1; 0 when the problem belongs to the file as a whole."""
    where: str
    """The path inside the document, such as ``hosts.db1.roles[0]``; may be empty."""
    value: str
    """What stands there, as written; may be empty where something is missing."""
    rule: str
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        parts = [f"{place}: "]
        if self.where:
            parts.append(f"{self.where}: ")
        if self.value:
            parts.append(f"{show.quoted(self.value, _LONGEST_VALUE)}: ")
        parts.append(self.rule)
        if self.fix:
            parts.append(f" ({self.fix})")
        return show.line("".join(parts))


class BadInput(Exception):
    """Carries every problem found, once each, in the order of file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(
            sorted(set(problems), key=lambda p: (p.file, p.line, p.where, p.value, p.rule, p.fix))
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[BadInput], tuple[tuple[Problem, ...]]]:
        """Survive the way between processes with the problems, not only their text."""
        return type(self), (self.problems,)


def record(problems: list[Problem], problem: Problem) -> None:
    """Collect one more problem. Raises ``BadInput`` with all of them once there are too many."""
    problems.append(problem)
    if len(problems) >= MOST:
        rule = f"is one of {MOST} mistakes; what follows was not read"
        raise BadInput([*problems, Problem(problem.file, problem.line, "", "", rule)])


def closest(value: str, candidates: Iterable[str]) -> str:
    """Say the nearest valid word, or list them: ``did you mean 'web'?``."""
    known = sorted(candidates)
    # Among many, those that begin alike: comparing takes longer than all the rest.
    middle = bisect.bisect(known, value) if len(known) > _MOST_COMPARED else 0
    begin = max(0, middle - _MOST_COMPARED // 2)
    compared = known[begin : begin + _MOST_COMPARED]
    near = difflib.get_close_matches(value[:_LONGEST_VALUE], compared, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    if len(known) > _MOST_COMPARED:
        return f"none of {len(known)} is alike"
    return f"valid are {', '.join(known)}" if known else "none is defined"
