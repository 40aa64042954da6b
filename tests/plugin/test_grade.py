"""A site that is content with less proof than the rows demand, and what every output says of it."""

from __future__ import annotations

import msgspec
import pytest

from pytest_portaswitch.pack import verify
from pytest_portaswitch.report.evidence import Evidence

from .conftest import Site

NOTE = "this site demands connected where the tables of this project demand answered"
SAID = "this audit demands connected where the rows demand answered, over UDP an answer still"


def evidence(site: Site) -> Evidence:
    """The evidence of the site's run."""
    content = (site.pack() / "evidence.json").read_bytes()
    return msgspec.json.decode(content, type=Evidence)


def verdicts(site: Site, transport: str) -> set[tuple[str, str | None]]:
    """What became of the questions over a transport, with the grades reached."""
    return {
        (check.verdict, check.grade)
        for check in evidence(site).checks
        if check.kind == "reachability" and check.transport == transport
    }


@pytest.mark.parametrize("how", ["option", "ini", "cluster file"])
def test_plain_reachability(site: Site, how: str) -> None:
    """A connection passes; over UDP there is none, so that an answer is demanded still."""
    for host in ("sip1", "sip2", "proc1"):
        site.change(host, "mute")
    arguments = ["-k", "reachability and (proc1 or sip1) and registrar"]
    if how == "option":
        arguments += ["--grade", "connected"]
    elif how == "ini":
        arguments += ["-o", "portaswitch_grade=connected"]
    else:
        with (site.path / "acme.yaml").open("a") as file:
            file.write("grade: connected\n")
    result = site.audit(*arguments)
    assert verdicts(site, "tcp") == {("pass", "connected")}
    assert verdicts(site, "udp") == {("fail", "delivered")}
    text = " ".join(result.stdout.str().split())
    assert f"lowered {SAID}" in text
    noted = {check.transport for check in evidence(site).checks if NOTE in check.notes}
    assert noted == {"tcp"}
    page = (site.pack() / "audit.html").read_text()
    assert SAID.capitalize() in page
    assert verify(site.pack()).problems == ()


def test_delivered_is_enough_over_udp_too(site: Site) -> None:
    """And nothing that is seen to be refused passes by it."""
    site.change("sip1", "mute")
    result = site.audit("--grade", "delivered", "-k", "reachability and registrar")
    assert verdicts(site, "udp") == {("pass", "delivered"), ("pass", "answered")}
    assert result.ret == 0
    assert evidence(site).verdict == "could-not-be-assessed", "of some checks only"
    assert "lowered" in result.stdout.str()


def test_one_row_alone(site: Site) -> None:
    """An override lowers its row and no other; every output names it, with the reason."""
    for host in ("sip1", "sip2"):
        site.change(host, "mute")
    with (site.path / "acme.yaml").open("a") as file:
        file.write(
            "overrides:\n"
            "  - {row: portasip.registrar.tcp, grade: connected, reason: never answers OPTIONS}\n"
        )
    result = site.audit("-k", "reachability and proc1 and (registrar or subscription)")
    found = {
        (check.row, check.verdict, check.grade)
        for check in evidence(site).checks
        if check.transport == "tcp"
    }
    assert found == {
        ("portasip.registrar.tcp", "pass", "connected"),
        ("portasip.subscription-manager.tcp", "fail", "connected"),
    }
    text = " ".join(result.stdout.str().split())
    said = "lowered this site demands less than the tables of this project do, connected of "
    assert said + "portasip.registrar.tcp: a pass there does not say" in text
    (notes,) = {
        check.notes for check in evidence(site).checks if check.row == "portasip.registrar.tcp"
    }
    assert notes[0] == f"{NOTE} (never answers OPTIONS)"
    assert not any("no public text says that it answers" in note for note in notes)
    page = (site.pack() / "audit.html").read_text()
    assert "connected of portasip.registrar.tcp" in page
    assert verify(site.pack()).problems == ()


def test_without_it_an_answer_is_demanded(site: Site) -> None:
    """And no output speaks of less."""
    site.change("sip1", "mute")
    result = site.audit("-k", "reachability and registrar")
    assert ("fail", "connected") in verdicts(site, "tcp")
    assert "lowered" not in result.stdout.str()


def test_a_word_that_is_no_grade(site: Site) -> None:
    """Told with where it stands and what is valid."""
    result = site.audit("--grade", "conected")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: --grade: 'conected': is not a grade; did you mean 'connected'?"]
    )
    result = site.audit("-o", "portaswitch_grade=answered")
    result.stderr.fnmatch_lines(
        ["ERROR: portaswitch_grade: 'answered': is not a grade; valid are connected, delivered"]
    )
