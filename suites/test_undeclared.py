"""Nothing listens on a server but what the tables or the site declare."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("undeclared")
def test_undeclared(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
