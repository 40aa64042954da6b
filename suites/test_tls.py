"""Each TLS port of the tables shows its peers a certificate that is valid."""

import pytest

from pytest_portaswitch import Outcome


@pytest.mark.portaswitch("tls")
def test_tls(audit_verdict: Outcome) -> None:
    audit_verdict.hold()
