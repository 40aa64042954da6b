"""Each port of the tables answers from the hosts that the tables name as its peers."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("reachability")
def test_reachability(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
