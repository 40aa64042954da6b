"""What verdicts, grades and confidences are called on the page, and what they mean."""

from __future__ import annotations

from pytest_portaswitch.causes import Severity
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report.evidence import JudgedCheck
from pytest_portaswitch.report.readiness import Readiness
from pytest_portaswitch.tables.ladder import Grade
from pytest_portaswitch.tables.row import Confidence

GRAVEST: tuple[VerdictWord, ...] = ("fail", "unknown", "waived", "pass")
"""What stands out first where several verdicts meet."""

MEANS: dict[VerdictWord, str] = {
    "pass": "Seen to hold.",
    "fail": "Seen not to hold.",
    "unknown": "Nobody could look, or it was looked at and cannot be told; each says why. "
    "Never counted as passed.",
    "waived": "Seen not to hold, and the cluster file excuses it: by whom, why and until when "
    "stands below.",
}

GRADES: dict[Grade, str] = {
    "in-use": "The peer's own process holds an established connection to it.",
    "answered": "The service replied in its own protocol.",
    "connected": "TCP or TLS came up; the protocol did not reply. A stopped process does that too.",
    "delivered": "What was sent arrived: it was seen at the destination, or something came "
    "back, such as the reply to an ICMP echo. That a service answers is not proved.",
    "silent": "Nothing came back, and arrival was not seen. For UDP that is neither open nor "
    "closed.",
    "refused": "Somebody said no, the destination or a firewall: a reset, or ICMP port "
    "unreachable.",
    "unreachable": "There is no way there: no route, or ICMP host, network or prohibited.",
}
"""Highest first, as the page shows them."""

CONFIDENCE: dict[Confidence, str] = {
    "documented": "the vendor's tables say it",
    "corroborated": "another public source agrees with the vendor's tables",
    "contradicted": "another public source disagrees with the vendor's tables",
    "unspecified": "the vendor's tables give no port",
    "assumed": "nobody says it; this project assumes it",
    "site": "the site's own cluster file or table says it",
}

TOLD: frozenset[Severity] = frozenset({"failed", "unanswered", "not-observed", "warning"})
"""The causes that a line about a cluster, or the head of a run log, names."""

CLUSTER: dict[Readiness, str] = {
    "ready": "Ready",
    "ready-with-warnings": "Ready, with warnings",
    "blocked": "Blocked",
    "could-not-be-assessed": "Could not be assessed",
}

SENTENCE: dict[Readiness, str] = {
    "ready": "Everything that the vendor's tables let one look for was seen to hold.",
    "ready-with-warnings": "Nothing was seen to fail. Something is excused, cannot be told, was "
    "left out, or is worth a warning.",
    "blocked": "Something that is demanded was seen not to hold.",
    "could-not-be-assessed": "Nothing that was seen fails, but something could not be looked at, "
    "did not answer, or was not selected.",
}

NO_CAUSE: dict[Readiness, str] = {
    "ready": "No check failed, and none is waived.",
    "ready-with-warnings": "No check failed, and none is waived. There are warnings.",
    "blocked": "No cause was found of what failed: the checks are below.",
    "could-not-be-assessed": "No check failed, and none is waived, but not all checks have an "
    "answer: the top of this page and Not assessed name those that have none.",
}
"""What stands in place of causes where there are none."""

TONE: dict[Readiness, VerdictWord] = {
    "ready": "pass",
    "ready-with-warnings": "waived",
    "blocked": "fail",
    "could-not-be-assessed": "unknown",
}


def worst(verdicts: list[VerdictWord]) -> VerdictWord:
    """The one that stands out first."""
    return min(verdicts, key=GRAVEST.index)


def standing(checks: list[JudgedCheck]) -> VerdictWord:
    """How a host stands out: what nobody could ever tell from the tables does not mark it."""
    told = [c.verdict for c in checks if c.why_unknown != "not-assessable"]
    return worst(told) if told else "unknown"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 check``, ``2 checks``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
