"""Certificates in an audit: options, verdicts, and what of it the evidence proves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch.judge import judge
from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.report.evidence import Evidence
from tests.unit.certificates import MIDDLE

from .conftest import PLANNED, Site
from .healthy import SHOWN


@pytest.fixture
def ca(site: Site) -> Path:
    """An authority that has nothing to do with the site's certificates."""
    path = site.path / "ca.pem"
    path.write_bytes(MIDDLE.public_bytes(Encoding.PEM))
    return path


def evidence(site: Site) -> Evidence:
    """The evidence of the site's run."""
    content = (site.pack() / "evidence.json").read_bytes()
    return msgspec.json.decode(content, type=Evidence)


def test_an_expired_certificate_fails_and_the_service_still_answers(site: Site) -> None:
    """With version, cipher and who saw it."""
    site.change("sip1", "a-year-later")
    result = site.audit("-k", "proc1 and imap-server and tls")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(
        [
            "IMAP server on proc1 shows a valid certificate on tls/993",
            "expected a valid certificate on tls/993 of proc1 (10.0.0.8) / observed CN=root: "
            "expired 2026-12-31; self-signed; TLSv1.3 TLS_AES_256_GCM_SHA384; seen from sip1, "
            "sip2 / cause bad certificate of imap-server on proc1: CN=root: expired 2026-12-31",
            "  handshake from sip1 at 2027-03-01T12:00:00+00:00: TLSv1.3 TLS_AES_256_GCM_SHA384",
            "  by hand: ssh -l audit 10.0.0.7 openssl s_client -connect 10.0.0.8:993 *",
        ]
    )
    reached = [check for check in evidence(site).checks if check.kind == "reachability"]
    assert {(check.verdict, check.grade) for check in reached} == {("pass", "answered")}


def test_one_that_expires_soon_passes_with_a_warning(site: Site) -> None:
    """The site may ask for another bound."""
    site.change("sip1", "ten-months-later")
    site.audit("-k", "tls and proc1")
    (check,) = [check for check in evidence(site).checks if check.kind == "tls"]
    assert check.verdict == "pass"
    assert check.warnings == (
        "the certificate on tls/993 of proc1 expires on 2026-12-31, in 10 days: "
        "that is less than 14",
    )
    with (site.path / "acme.yaml").open("a") as file:
        file.write("tls: {warn_days: 10}\n")
    site.audit("-k", "tls and proc1")
    (check,) = [check for check in evidence(site).checks if check.kind == "tls"]
    assert check.warnings == ()


@pytest.mark.parametrize("how", ["option", "ini", "cluster file"])
def test_authorities_of_the_site(site: Site, ca: Path, how: str) -> None:
    """Then a certificate that leads to none of them fails."""
    arguments = ["-k", "proc1 and tls:"]
    if how == "option":
        arguments += ["--ca-bundle", "ca.pem"]
    elif how == "ini":
        arguments += ["-o", "portaswitch_ca_bundle=ca.pem"]
    else:
        with (site.path / "acme.yaml").open("a") as file:
            file.write("tls: {authorities: ca.pem}\n")
    result = site.audit(*arguments)
    result.assert_outcomes(failed=1, deselected=PLANNED - 1)
    result.stdout.fnmatch_lines(
        ["*bad certificate of imap-server on proc1: CN=root: self-signed, and none of the given*"]
    )
    ca.write_bytes(SHOWN.public_bytes(Encoding.PEM))
    site.audit(*arguments).assert_outcomes(passed=1, deselected=PLANNED - 1)


def test_the_option_stands_in_for_the_file_of_the_cluster(site: Site, ca: Path) -> None:
    """The command line has the last word."""
    with (site.path / "acme.yaml").open("a") as file:
        file.write("tls: {authorities: ca.pem}\n")
    (site.path / "own.pem").write_bytes(SHOWN.public_bytes(Encoding.PEM))
    result = site.audit("-k", "tls:", "--ca-bundle", "own.pem")
    result.assert_outcomes(passed=4, deselected=PLANNED - 4)


def test_a_bundle_that_is_none(site: Site) -> None:
    """Said before any host is looked at."""
    result = site.audit("--ca-bundle", "nowhere.pem")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: nowhere.pem: cannot be read: No such file or directory"])
    result = site.audit("--ca-bundle", "acme.yaml")
    result.stderr.fnmatch_lines(["ERROR: acme.yaml: holds no certificate in PEM form (*"])
    assert site.observed() == []


def test_a_name_that_is_compared_with_nothing_is_an_error_of_the_file(site: Site) -> None:
    """Before any host is looked at."""
    with (site.path / "acme.yaml").open("a") as file:
        file.write("tls: {names: {imap-server: {sip1: imap.example.com}}}\n")
    result = site.audit()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            "ERROR: acme.yaml:17: tls.names.imap-server: 'sip1': serves no TLS in this cluster "
            "(imap-server does on proc1)"
        ]
    )
    assert site.observed() == []


def test_peers_that_are_down_leave_it_unknown(site: Site) -> None:
    """Nobody saw the certificate."""
    site.change("sip1", "down")
    site.change("sip2", "down")
    result = site.audit("-k", "proc1 and tls:")
    result.assert_outcomes(errors=1, deselected=PLANNED - 1)


def test_anybody_can_judge_again_from_the_evidence(site: Site, ca: Path) -> None:
    """Authorities, name, certificates and moment are all in it."""
    site.change("sip1", "a-year-later")
    with (site.path / "acme.yaml").open("a") as file:
        file.write("tls: {authorities: ca.pem, names: {mail-proxy: {sip1: mail1.example.com}}}\n")
    site.audit()
    found = evidence(site)
    again = [check for check in found.checks if check.kind == "tls"]
    assert len(again) == 4
    for check in again:
        plain = msgspec.convert(msgspec.to_builtins(check), Check)
        verdict = judge(plain, found.hosts)
        assert (verdict.verdict, verdict.message) == (check.verdict, check.message)
        assert verdict.verdict == "fail"
    assert sum(len(getattr(host, "certificates", {})) for host in found.hosts.values()) == 1
