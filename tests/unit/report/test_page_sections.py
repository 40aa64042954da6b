"""What single sections of the audit page say is true of the evidence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page import render
from pytest_portaswitch.report.page.hosts import CertificateLine, hosts_of
from pytest_portaswitch.report.reading import decode

from .making import evidence
from .test_page import text_of

SAMPLE = Path(__file__).parents[3] / "reports" / "sample"


def sample(state: str) -> Evidence:
    """The recorded audit of the lab, healthy or broken."""
    path = SAMPLE / state / "evidence.json"
    return decode(path.read_bytes(), path)


@pytest.fixture(scope="module")
def broken() -> Evidence:
    """The broken one."""
    return sample("broken")


def certificates(found: Evidence) -> dict[str, tuple[CertificateLine, ...]]:
    """By host, those that the page lists."""
    return {card.name: card.certificates for card in hosts_of(found) if card.certificates}


@pytest.mark.parametrize("state", ["healthy", "broken"])
def test_certificates_stand_at_their_hosts_with_days_left(state: str) -> None:
    """At the holder of a virtual IP too; the broken sample's proc1 shows an expired one."""
    found = sample(state)
    listed = certificates(found)
    assert {(name, line.port) for name, lines in listed.items() for line in lines} == {
        ("sip1", "tls/5061 at sip-front"),
        ("sip1", "tls/8091"),
        ("sip2", "tls/8091"),
        ("sbc1", "tls/5051 at sbc-front"),
        ("proc1", "tls/993"),
        ("proc2", "tls/993"),
    }
    over = {name for name, lines in listed.items() for line in lines if line.days and line.days < 0}
    assert over == ({"proc1"} if state == "broken" else set())
    (imaps,) = listed["proc1"]
    (check,) = [c for c in found.checks if c.kind == "tls" and c.host == "proc1"]
    assert imaps.ends in check.message
    expired = ", expired" if over else ""
    assert (
        "Certificates that proc1 showed to its peers Port Subject Valid until Days left "
        f"tls/993 {imaps.subject} {imaps.ends} {imaps.days}{expired} " in text_of(render(found))
    )


def test_days_left_are_those_of_the_verdict() -> None:
    """Counted from when the peers saw it, not from now."""
    (line,) = certificates(evidence())["proc1"]
    assert (line.port, line.ends) == ("tls/993", "2026-12-31")
    (check,) = [c for c in evidence().checks if c.kind == "tls" and c.host == "proc1"]
    assert f"valid until {line.ends}, {line.days} days more" in check.message


def test_a_certificate_that_cannot_be_read_is_told() -> None:
    """And one that nobody brought is left out."""

    def other(facts: HostFacts) -> Observation:
        return msgspec.structs.replace(
            facts, certificates=dict.fromkeys(facts.certificates, b"none")
        )

    changed = evidence(dict.fromkeys(("sip1", "sip2", "proc1"), other))
    (line,) = certificates(changed)["proc1"]
    assert line == CertificateLine("tls/993", "no certificate that can be read", "", None)

    def nothing(facts: HostFacts) -> Observation:
        return msgspec.structs.replace(facts, certificates={})

    assert certificates(evidence(dict.fromkeys(("sip1", "sip2", "proc1"), nothing))) == {}
