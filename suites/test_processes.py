"""The subcomponents that only connect out run."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("process")
def test_process(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
