"""Sampled ports of a range that calls use arrive from the hosts that the tables name as peers."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("port-range")
def test_port_range(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
