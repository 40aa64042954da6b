"""Hosts that take no packet any more, and what they cost all the others."""

from __future__ import annotations

import time
from contextlib import ExitStack

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit

DEAD = ("proc2", "bill2", "web1")
LIMIT = 6.0
BUSY = 3.0
"""Seconds that an audit may take longer because the machine is busy."""


def test_three_dead_hosts_cost_one_time_limit_in_all(full: Lab, healthy: Result) -> None:
    """Login and probes of all of them wait side by side, and each is told by its name."""
    limit = ("--connect-timeout", str(LIMIT))
    began = time.monotonic()
    assert audit(full, *limit).verdicts == healthy.verdicts
    usual = time.monotonic() - began
    with ExitStack() as broken:
        for host in DEAD:
            broken.enter_context(full.broken("unplugged", host))
        began = time.monotonic()
        found = audit(full, *limit)
        took = time.monotonic() - began
    for host in DEAD:
        assert found.evidence["hosts"][host]["type"] == "unobserved"
    assert LIMIT <= took <= usual + LIMIT + BUSY, usual
