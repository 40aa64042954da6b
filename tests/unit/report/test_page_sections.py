"""What single sections of the audit page say is true of the evidence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.plan.check import HasConnection
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page import render
from pytest_portaswitch.report.page.hosts import CertificateLine, hosts_of
from pytest_portaswitch.report.page.matrix import matrix_of
from pytest_portaswitch.report.page.paths import pairs_of, services_of
from pytest_portaswitch.report.page.view import view_of
from pytest_portaswitch.report.reading import decode

from .making import ACME, evidence
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


def test_what_has_no_grade_does_not_hide_the_grades_of_others(broken: Evidence) -> None:
    """That a replica refuses writes says nothing of how far its peers come."""
    for found in (sample("healthy"), broken):
        pair = pairs_of(found)["web1", "db2"]
        assert {check.kind for check in found.checks if check.host == "db2"} >= {"read-only"}
        assert (pair.verdict, pair.grade, pair.unseen) == ("pass", "in-use", False)
    assert not any(pair.unseen for pair in pairs_of(sample("healthy")).values())
    assert "1 not observed" not in text_of(render(sample("healthy")))
    assert sum(service.none for service in services_of(sample("healthy"))) == 0


def test_what_could_not_be_seen_still_hides_the_grades_of_others(broken: Evidence) -> None:
    """The letter is the lowest of all ports, and one of them is not known."""
    pair = pairs_of(broken)["media1", "bill1"]
    assert (pair.grade, pair.unseen) == (None, True)
    matrix = matrix_of(broken, list(broken.hosts))
    assert matrix
    letters = {cell.title.partition("\n")[0]: cell.letter for cell in matrix.cells}
    assert letters["media1 → bill1"] == "?"
    assert letters["web1 → db2"] == "I"


def test_a_square_without_any_grade_has_no_letter() -> None:
    """Where nothing but a kind without grades was selected."""
    found = evidence()
    only = tuple(c for c in found.checks if c.kind == "read-only")
    matrix = matrix_of(msgspec.structs.replace(found, checks=only), [])
    assert matrix
    assert [cell.letter for cell in matrix.cells] == [""]


def test_a_broken_path_is_named_once(broken: Evidence) -> None:
    """However many checks fail on it."""
    database, *radius = [s for s in services_of(broken) if s.broken]
    assert (database.broken, database.count.text) == (("web1 → db1",), "2 fail, 6 pass")
    assert [(len(service.broken), service.count.text) for service in radius] == [
        (6, "6 fail, 6 pass"),
        (6, "6 fail, 6 pass"),
    ]


def test_each_waiver_counts_what_it_excuses_itself(tmp_path: Path) -> None:
    """Told apart by their patterns; where two match one check, the longer one excuses it."""
    said = "reason: moved, owner: noc@acme"
    (tmp_path / "acme.yaml").write_text(
        ACME.read_text() + "waivers:\n"
        f"  - {{check: 'listener:db2:*', {said}, until: 2026-12-02}}\n"
        f"  - {{check: 'process:*', {said}, until: 2026-12-02}}\n"
        f"  - {{check: 'listener:none:*', {said}, until: 2026-12-02}}\n"
        f"  - {{check: 'listener:*', {said}, until: 2026-12-01}}\n"
    )
    found = evidence({"db2": "nothing-runs"}, clusters.load(tmp_path / "acme.yaml"))
    assert [waived.excuses for waived in view_of(found).waivers] == [2, 0, 0, 0]
    assert found.totals.waived == 2
    text = text_of(render(found))
    assert "listener:db2:* moved noc@acme 2026-12-02 (10 days left) 2 failures" in text
    assert "listener:none:* moved noc@acme 2026-12-02 (10 days left) 0 failures" in text


def test_what_is_unknown_is_told_with_what_explains_it(broken: Evidence) -> None:
    """The cause stands among the causes, and is linked."""
    page = render(broken)
    assert (
        "What was not assessed, and why Could not be looked at: 10 checks 10 checks: "
        "media1 could not be looked at: " in text_of(page)
    )
    (unseen,) = [card for card in view_of(broken).causes if card.title.startswith("media1")]
    assert page.count(f'href="#{unseen.anchor}"') == page.count(f'id="{unseen.anchor}"') == 1
    assert "No check is unknown." not in text_of(page)
    assert "What was not assessed, and why No check is unknown." in text_of(
        render(sample("healthy"))
    )


def test_a_cause_of_what_cannot_be_told_stands_where_that_is_told() -> None:
    """And not among the causes of failures; what no cause explains is named."""
    found = evidence({"sip1": "udp-silent"})
    (cause, *_) = [c for c in found.causes if c.kind == "not-in-table"]
    part, asked = view_of(found).untold
    assert asked.words == "Asked, and not answered, which over UDP proves nothing"
    assert cause.title in [card.title for card in part.cards]
    assert cause.title not in [card.title for card in view_of(found).causes]
    assert sum(one.number for one in part.causes) == part.number
    assert part.number + asked.number == found.totals.unknown
    alone = view_of(msgspec.structs.replace(found, causes=(), assessment=None)).untold
    assert sum(len(part.others) for part in alone) == found.totals.unknown


def test_the_method_tells_what_was_asked_besides_the_ports_of_the_tables(broken: Evidence) -> None:
    """The sentence of the private network asks for more than ports."""
    besides = (
        "Whether there is a connection at all, config asked 12 hosts besides, by an ICMP echo and, "
        "where that did not come back, at the ssh port (tcp/22)."
    )
    sent = sum(len(host.probes) for host in broken.hosts.values() if isinstance(host, HostFacts))
    told = f"own protocol. {besides} {sent} questions were sent in all."
    assert told in text_of(render(broken))
    without = evidence(leave_out="private-network:")
    assert "own protocol. " in text_of(render(without))
    assert "ICMP echo and, where" not in text_of(render(without))
    down = {c.expects.source: "down" for c in broken.checks if isinstance(c.expects, HasConnection)}
    assert "ICMP echo and, where" not in text_of(render(evidence(down)))


def test_delivered_means_what_its_checks_say(broken: Evidence) -> None:
    """Also where an echo came back."""
    said = [c.message for c in broken.checks if c.grade == "delivered"]
    assert any("replied" in message for message in said)
    assert any("seen arriving" in line for c in broken.checks for line in c.evidence)
    assert (
        "What was sent arrived: it was seen at the destination, or something came back, such as "
        "the reply to an ICMP echo. That a service answers is not proved."
        in text_of(render(broken))
    )


def test_refused_does_not_say_by_whom(broken: Evidence) -> None:
    """A firewall refuses as well."""
    said = "Somebody said no, the destination or a firewall: a reset, or ICMP port unreachable."
    assert said in text_of(render(broken))
