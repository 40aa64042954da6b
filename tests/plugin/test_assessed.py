"""Ready means assessed: what no check says anything of is no cluster that is ready."""

from __future__ import annotations

import pytest

from pytest_portaswitch.cli.main import main
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.reading import read_evidence

from .conftest import Site

ENGINE = "billing-engine on bill1: whether it runs is not known, as the name of its process is only"


def evidence(site: Site) -> Evidence:
    """What the last run recorded."""
    return read_evidence(site.pack() / "evidence.json")


def add(site: Site, text: str) -> None:
    """Write more into the cluster file."""
    with (site.path / "acme.yaml").open("a") as file:
        file.write(text)


def test_killed_process_of_an_assumed_name_is_an_error_and_not_ready(site: Site) -> None:
    """Each subcomponent once, with the one thing to do; the pack proves it."""
    site.change("bill1", "no-engine")
    result = site.audit()
    assert result.ret == 1
    assert result.parseoutcomes()["errors"] == 2
    result.stdout.fnmatch_lines([
        "acme-prod: COULD NOT BE ASSESSED *",
        "  NOT KNOWN billing-engine on bill1: whether it runs is not known, *",
        "    to do   if it runs, pin its process: processes: {billing-engine: {match: 'REGEX'}}; if "  # noqa: E501
        "no process of it runs, it is down",
    ])  # fmt: skip
    found = evidence(site)
    assert found.verdict == "could-not-be-assessed"
    assert found.assessment is not None
    assert [one.subcomponent for one in found.assessment.missing] == ["billing-engine"]
    assert ENGINE in (site.pack() / "audit.html").read_text()
    assert ENGINE in (site.pack() / "oscal-assessment-results.json").read_text()
    assert ENGINE in (site.path / "reports" / "index.html").read_text()
    assert main(["verify", str(site.pack())]) == 0


def test_accepted_subcomponent_is_skipped_and_the_cluster_ready_with_warnings(site: Site) -> None:
    """The reason stands in every output."""
    site.change("bill1", "no-engine")
    add(site, "  - {subcomponent: billing-engine, reason: it has no name here}\n")
    result = site.audit()
    assert result.ret == 0
    assert "errors" not in result.parseoutcomes()
    assert evidence(site).verdict == "ready-with-warnings"
    result.stdout.fnmatch_lines(["  accepted  billing-engine on bill1: *"])
    for name in ("evidence.json", "audit.html", "oscal-assessment-results.json"):
        assert "it has no name here" in (site.pack() / name).read_text(), name
    assert "it has no name here" in (site.path / "reports" / "index.html").read_text()


def test_accepting_what_was_assessed_is_a_warning(site: Site) -> None:
    """And one that no check can have to do with is refused before a host is contacted."""
    add(site, "  - {subcomponent: billing-engine, reason: it has no name here}\n")
    result = site.audit()
    assert evidence(site).verdict == "ready-with-warnings"
    result.stdout.fnmatch_lines(
        ["  warning   accepted, but all of it was assessed: billing-engine *"]
    )
    add(site, "  - {row: portasip.dispatching-sbc.tcp, reason: there is none}\n")
    refused = site.audit()
    assert refused.ret == 4
    refused.stderr.fnmatch_lines([
        "ERROR: acme.yaml:18: accepted: 'portasip.dispatching-sbc.tcp': accepts nothing: no check "
        "says whether it works (leave it out)"
    ])  # fmt: skip


def without(site: Site, host: str) -> None:
    """Take a host out of the cluster file."""
    file = site.path / "acme.yaml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith(f"  {host}:")]
    file.write_text("".join(f"{line}\n" for line in kept))


def test_role_of_every_installation_that_no_host_has_is_warned_of(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """A draft of some addresses knows nothing of the others. Every output says so."""
    without(site, "config")
    result = site.audit()
    assert result.ret == 0
    words = "no host has the role configuration: nothing of it was audited"
    result.stdout.fnmatch_lines([
        "acme-prod: READY, WITH WARNINGS *",
        f"  warning   {words}",
        "    to do   name the hosts that have it (hosts.NAME.roles), or accept it: "
        "accepted: [[]{role: configuration, reason: '...'}[]]",
    ])  # fmt: skip
    found = evidence(site)
    assert [(one.role, one.reason) for one in found.unheld] == [("configuration", "")]
    for name in ("audit.html", "oscal-assessment-results.json"):
        assert words in (site.pack() / name).read_text().replace("No host", "no host"), name
    assert words in (site.path / "reports" / "index.html").read_text()
    capsys.readouterr()
    assert main(["verify", str(site.pack())]) == 0
    assert main(["plan", str(site.path / "acme.yaml"), "--format", "table"]) == 0
    assert words in " ".join(capsys.readouterr().out.split())


def test_role_that_no_host_has_can_be_accepted_with_a_reason(site: Site) -> None:
    without(site, "config")
    add(site, "  - {role: configuration, reason: another company runs it}\n")
    result = site.audit()
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["  accepted  no host has the role configuration (another company runs it)"]
    )
    result.stdout.no_fnmatch_line("*nothing of it was audited*")
    assert evidence(site).verdict == "ready-with-warnings"
    for name in ("evidence.json", "audit.html", "oscal-assessment-results.json"):
        assert "another company runs it" in (site.pack() / name).read_text(), name
    assert main(["verify", str(site.pack())]) == 0


@pytest.mark.parametrize(
    ("role", "why"),
    [("web", "web1 has it"), ("dispatching-sbc", "not every installation has this role")],
)
def test_accepting_a_role_that_needs_it_not_is_refused(site: Site, role: str, why: str) -> None:
    add(site, f"  - {{role: {role}, reason: r}}\n")
    refused = site.audit()
    assert refused.ret == 4
    refused.stderr.fnmatch_lines(
        [f"ERROR: acme.yaml:17: accepted: '{role}': accepts nothing: {why} (leave it out)"]
    )


def test_what_is_not_in_use_is_not_planned_and_warned_of_where_it_runs(site: Site) -> None:
    """The scripted hosts of the plan run nothing of it, but for what is put there."""
    add(site, "not_in_use: [{subcomponent: limit-controller, reason: never enabled}]\n")
    result = site.audit()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  not in use limit-controller on sip1 and sip2: never enabled *"])
    found = evidence(site)
    assert {one.row for one in found.not_in_use} == {"portasip.limit-controller.udp"}
    ids = [check.id for check in found.checks if "limit-controller" in check.id]
    assert ids == ["undeclared:sip1:limit-controller", "undeclared:sip2:limit-controller"]
    assert main(["verify", str(site.pack())]) == 0
