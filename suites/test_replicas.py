"""Each replica DB server refuses writes and follows its source, by its own word."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("read-only")
def test_replica(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
