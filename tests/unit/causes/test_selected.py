"""Causes of a run of some checks only: what others would have told is missing there."""

from __future__ import annotations

import pytest

from pytest_portaswitch.causes import explain
from pytest_portaswitch.judge import judge
from tests.unit.causes.mischief import PLAN, facts

HELD = "no other host holds sip-front"


@pytest.mark.parametrize(
    ("lines", "title", "impact"),
    [
        (["kill sip1 edgeproxy"], "edge-proxy is not running on sip1",
         f"edge-proxy: outage, {HELD}"),
        (["deafen sip1 edgeproxy"], "edge-proxy runs on sip1 but does not listen on tcp/5060",
         f"edge-proxy: outage, {HELD}"),
        (["impostor sip1 edgeproxy"], "another process holds tcp/5060 on sip1: nc",
         f"edge-proxy: outage, {HELD}"),
        (["freeze sip1 edgeproxy"],
         "edge-proxy is frozen on sip1: its process is stopped (state T)",
         f"edge-proxy: outage, {HELD}"),
        (["hold sip-front none"], "virtual IP sip-front (10.0.0.100) is held by no host",
         f"edge-proxy: outage, {HELD}"),
        (["hold sip-front sip1,sip2"],
         "virtual IP sip-front (10.0.0.100) is held by sip1 and sip2: split brain",
         "peers of sip-front meet now one of its holders, now another, or none"),
    ],
)  # fmt: skip
def test_virtual_ip_alone_has_title_and_impact_of_its_own(
    lines: list[str], title: str, impact: str
) -> None:
    """As of ``-k redundancy``: the ports stand in the title, and what is down is an outage."""
    checks = [check for check in PLAN.checks if check.id == "redundancy:sip-front:virtual-ip"]
    seen = facts(lines)
    (cause,) = explain(checks, {c.id: judge(c, seen) for c in checks}, seen, PLAN.checks)
    assert (cause.title, cause.impact) == (title, impact)
