"""The page in the place of one that could not be made: text, no template, nothing to go wrong."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_portaswitch.report import faults
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import EVIDENCE
from pytest_portaswitch.text import show

_LONGEST = 4000


def render_plain(evidence: Evidence) -> str:
    """The verdict, the sum, what is wrong with this program, the causes, and what does not pass."""
    totals = evidence.totals
    causes = [f"{cause.severity}: {cause.title}: {cause.impact}" for cause in evidence.causes]
    checks = [f"{c.verdict}: {c.id}: {c.message}" for c in evidence.checks if c.verdict != "pass"]
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">',
            f"<title>Audit of {_text(evidence.cluster)}</title>\n</head>\n<body>",
            f"<h1>{_text(evidence.cluster)}: {_text(evidence.verdict.replace('-', ' '))}</h1>",
            f"<p>The audit page could not be made, by a fault of this program. {EVIDENCE} has "
            "everything that this audit found.</p>",
            f"<p>{totals.planned} checks = {totals.passed} passed + {totals.failed} failed + "
            f"{totals.unknown} unknown + {totals.waived} waived; run {_text(evidence.run.state)}, "
            f"{_text(evidence.run.started)}</p>",
            f"<p>{_text(faults.summary(evidence.internal_errors))}:</p>",
            *_list(faults.lines(evidence.internal_errors)),
            "<h2>Causes</h2>",
            *_list(causes),
            "<h2>Checks that do not pass</h2>",
            *_list(checks),
            "</body>\n</html>\n",
        )
    )


def _list(lines: Iterable[str]) -> list[str]:
    return ["<ul>", *(f"<li>{_text(line)}</li>" for line in lines), "</ul>"]


def _text(words: str) -> str:
    return str(show.markup(words, _LONGEST))
