"""One host holds each virtual IP, and the others can take over."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("redundancy")
def test_redundancy(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
