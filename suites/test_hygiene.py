"""What an upgrade stumbles over: clocks, releases, disks, MTUs."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("hygiene")
def test_hygiene(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
