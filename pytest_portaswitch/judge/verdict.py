"""A verdict: what became of a check, why, and how to see it by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from pytest_portaswitch.cluster.by_hand import paste
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.internal_error import InternalError
from pytest_portaswitch.judge.fault import Fault
from pytest_portaswitch.tables.ladder import Grade
from pytest_portaswitch.text.command import Command

VerdictWord = Literal["pass", "fail", "unknown", "waived"]
WhyUnknown = Literal["", "not-observed", "unanswered", "not-assessable"]
"""``not-observed``: nobody could look. ``unanswered``: an answer was due and none came, which over
UDP proves nothing, nor where a stranger is owed none. ``not-assessable``: it was looked at and
cannot be told, or the tables give nothing to look at."""


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """What kept a machine from judging though the facts suffice: another one may be able to."""

    why: Literal["pattern-too-slow", "library-unusable"]
    what: str
    """The pattern, or the type of the exception."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one check. ``expected``, ``observed`` and ``cause`` are one line each."""

    verdict: VerdictWord
    expected: str
    observed: str
    cause: str = ""
    """What explains a failure or an unknown; the same words for all checks it explains."""
    fault: Fault | None = None
    """The same for the grouping of causes; without one the words of ``cause`` decide. On a pass it
    says what the first of the warnings is about."""
    why_unknown: WhyUnknown = ""
    grade: Grade | None = None
    evidence: tuple[str, ...] = ()
    """The raw facts it rests on, one a line."""
    warnings: tuple[str, ...] = ()
    """What somebody should see to though the check does not fail by it, one line each. A check
    that passes with warnings has passed: whether one is binding is for the cluster file to say."""
    reproduce: Command = ()
    """What shows the same by hand."""
    unsettled: Unsettled | None = None
    internal_error: InternalError | None = None
    """The fault of this program for which it was not judged, or no waiver applied."""

    @property
    def message(self) -> str:
        """One line: ``expected ... / observed ... / cause ...``."""
        parts = [f"expected {self.expected}", f"observed {self.observed}"]
        if self.cause:
            parts.append(f"cause {self.cause}")
        return " / ".join(parts)

    def lines(self, logins: Mapping[str, Login]) -> tuple[str, ...]:
        """The message, the warnings, the evidence, and the command, as a person reads them.

        ``logins`` by host: how the command goes there.
        """
        lines = [self.message, *(f"  warning: {line}" for line in self.warnings)]
        lines += [f"  {line}" for line in self.evidence]
        if by_hand := paste(self.reproduce, logins):
            lines.append(f"  by hand: {by_hand}")
        return tuple(lines)


def warned(verdict: Verdict, odd: Iterable[tuple[str, Fault]]) -> Verdict:
    """The verdict with a warning more for each line; a pass without one is about the first."""
    odd = tuple(odd)
    if not odd:
        return verdict
    passes = verdict.verdict == "pass" and not verdict.warnings
    return msgspec.structs.replace(
        verdict,
        warnings=(*verdict.warnings, *(line for line, _ in odd)),
        fault=odd[0][1] if passes else verdict.fault,
    )
