"""What was seen of a datagram's way decides between the path and the service."""

from __future__ import annotations

import fnmatch

from pytest_portaswitch.causes import Cause, explain
from pytest_portaswitch.judge import Verdict, judge
from pytest_portaswitch.judge.fault import fault

from .mischief import PLAN, facts


def causes(code: str, pattern: str, *mischief: str) -> dict[str, Cause]:
    """The failed causes where the checks of a pattern fail with a code."""
    seen = facts(mischief)
    verdicts = {check.id: judge(check, seen) for check in PLAN.checks}
    for check_id in fnmatch.filter(verdicts, pattern):
        _, place, source, service, _ = check_id.split(":")
        path = code == "lost-on-the-way"
        subject = (source, place) if path else (place, service)
        verdicts[check_id] = Verdict(
            verdict="fail",
            grade="silent" if path else "delivered",
            expected="e",
            observed="o",
            cause="c",
            fault=fault(code, *subject),
        )
    found = explain(PLAN.checks, verdicts, seen)
    return {cause.id: cause for cause in found if cause.severity == "failed"}


def test_what_does_not_arrive_from_one_host_is_blocked() -> None:
    """And not by the destination's firewall, behind which it would have been seen."""
    found = causes("lost-on-the-way", "reachability:bill1:sip1:radius:udp-1812")
    (cause,) = found.values()
    assert cause.id == "blocked:sip1:bill1:udp-1812"
    assert cause.title == "packets from sip1 to bill1 are dropped: udp/1812"
    assert cause.seen[-1] == ("a firewall of sip1, or something between: nothing arrives at bill1")


def test_what_arrives_and_one_host_is_not_answered_is_about_that_host() -> None:
    """Others are answered, so the service serves."""
    (cause,) = causes("ignored", "reachability:bill1:sip1:radius:udp-1812").values()
    assert cause.id == "not-answered:sip1:bill1:udp-1812"
    assert cause.seen[-1] == "either the firewall of bill1 itself, or the service does it"


def test_what_arrives_and_nobody_is_answered_is_about_the_service() -> None:
    """Its own firewall, or the process."""
    (cause,) = causes("ignored", "reachability:bill1:*:radius:udp-1812").values()
    assert cause.id == "ignored:bill1:radius"
    assert cause.title == (
        "udp/1812 of bill1 arrives and is not answered: its own firewall drops it, or radius "
        "ignores it"
    )


def test_what_does_not_arrive_is_not_explained_by_a_service_that_is_down() -> None:
    """A dead process drops nothing on the way: both are named."""
    pattern = "reachability:bill1:sip1:radius:udp-1812"
    assert set(causes("lost-on-the-way", pattern, "kill bill1 radiusd")) == {
        "blocked:sip1:bill1:udp-1812",
        "not-running:bill1:radius",
    }
