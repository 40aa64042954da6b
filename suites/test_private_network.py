"""The Configuration server reaches every server, and peers meet on the private interface."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("private-network")
def test_private_network(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
