"""The right process listens on each port of the tables, where its peers reach it."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("listener")
def test_listener(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
