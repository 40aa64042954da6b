"""Warnings of checks that did not pass. Those of checks that pass are causes."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.report.evidence import Evidence, JudgedCheck


def beside(evidence: Evidence) -> Iterator[tuple[JudgedCheck, str]]:
    """Each such warning with its check."""
    for check in evidence.checks:
        if check.verdict != "pass":
            yield from ((check, line) for line in check.warnings)
