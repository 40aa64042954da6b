"""What only connects out is connected now, over the private network."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("connection")
def test_connection(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
