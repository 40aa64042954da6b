"""Ready means assessed: what no check says anything of is no cluster that is ready."""

from __future__ import annotations

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
