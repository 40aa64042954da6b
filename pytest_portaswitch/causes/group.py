"""Checks that fail or are unknown for the same reason stand under one cause."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from pytest_portaswitch.judge.verdict import Verdict

Severity = Literal["failed", "not-observed", "not-assessable", "waived"]
"""What kind of result a cause stands for, gravest first."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One reason and everything it explains."""

    id: str
    """Stable: the same words give the same id in every run."""
    title: str
    checks: tuple[str, ...]
    """Ids, sorted."""
    impact: str
    next: str
    """The next step, as a command that can be pasted where there is one."""
    severity: Severity
    """The gravest verdict among its checks."""


def group(verdicts: Mapping[str, Verdict]) -> tuple[Cause, ...]:
    """The causes of all checks that do not pass: the gravest first, then what explains most.

    Every failing, unknown or waived check belongs to exactly one cause: judges give the same
    words for the same reason.
    """
    explained: dict[str, list[str]] = {}
    for check_id, verdict in verdicts.items():
        if verdict.verdict != "pass":
            explained.setdefault(verdict.cause or verdict.observed, []).append(check_id)
    causes = [
        Cause(
            id=f"cause-{hashlib.sha256(title.encode()).hexdigest()[:10]}",
            title=title,
            checks=tuple(sorted(checks)),
            impact=_impact([verdicts[check_id] for check_id in checks]),
            severity=min((_severity(verdicts[c]) for c in checks), key=_GRAVEST.index),
            next=next((v.reproduce for c in sorted(checks) if (v := verdicts[c]).reproduce), ""),
        )
        for title, checks in explained.items()
    ]
    return tuple(sorted(causes, key=_rank))


_GRAVEST: tuple[Severity, ...] = get_args(Severity)


def _rank(cause: Cause) -> tuple[int, int, str]:
    return (_GRAVEST.index(cause.severity), -len(cause.checks), cause.title)


def _severity(verdict: Verdict) -> Severity:
    if verdict.verdict == "unknown":
        return "not-assessable" if verdict.why_unknown == "not-assessable" else "not-observed"
    return "waived" if verdict.verdict == "waived" else "failed"


def _impact(verdicts: list[Verdict]) -> str:
    counts = {
        word: sum(verdict.verdict == word for verdict in verdicts)
        for word in ("fail", "unknown", "waived")
    }
    names = {"fail": "failed", "unknown": "unknown", "waived": "waived"}
    return ", ".join(
        f"{count} check{'s' if count > 1 else ''} {names[word]}"
        for word, count in counts.items()
        if count
    )
