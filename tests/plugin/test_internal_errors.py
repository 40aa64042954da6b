"""A run in which this program, or a hook of the site, fails somewhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

import pytest_portaswitch.report.evidence as evidence_module
from pytest_portaswitch.facts import certificates
from pytest_portaswitch.judge.judge import assess
from pytest_portaswitch.observe.redaction import Redaction
from pytest_portaswitch.pack import verify, write_index
from pytest_portaswitch.plan.check import Listens
from pytest_portaswitch.report import terminal
from pytest_portaswitch.runner import stash

from .conftest import PLANNED, Site

JUDGES = sys.modules[assess.__module__]._JUDGES  # type: ignore[attr-defined]


def fail(*given: object, **named: object) -> NoReturn:
    """A fault, whose text must be seen nowhere."""
    raise ZeroDivisionError("s3cr3t")


BROKEN_HOOK = """
def {name}({arguments}):
    raise ZeroDivisionError("in the hook")
"""


def broken(site: Site, text: str, *arguments: str) -> pytest.RunResult:
    """Run the audit with a plugin of the site that is broken."""
    (site.path / "breaking.py").write_text(text)
    site.pytester.syspathinsert()
    return site.audit("-p", "breaking", *arguments)


def evidence(site: Site) -> dict[str, Any]:
    """What the run left."""
    found: dict[str, Any] = json.loads((site.path / "reports/acme-prod/evidence.json").read_text())
    return found


def test_fault_in_judging_is_an_error_of_its_tests_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows on the terminal and in JUnit's XML, and its text nowhere."""
    sound = JUDGES[Listens]

    def judge(check: Any, expects: Any, facts: Any) -> Any:
        return fail() if check.host == "proc1" else sound(check, expects, facts)

    monkeypatch.setitem(JUDGES, Listens, judge)
    result = site.audit("--junitxml", "junit.xml")
    found = evidence(site)
    hit = [c["id"] for c in found["checks"] if "a fault of this program at" in c["message"]]
    assert hit
    outcomes = result.parseoutcomes()
    assert outcomes["errors"] == len(hit)
    assert "failed" not in outcomes
    assert sum(n for word, n in outcomes.items() if word != "warnings") == PLANNED
    assert found["verdict"] == "could-not-be-assessed"
    assert [e["subject"] for e in found["internal_errors"]] == hit
    result.stdout.fnmatch_lines(["acme-prod: COULD NOT BE ASSESSED*", "  our fault *"])
    assert "a fault of this program at judge/judge.py:" in (site.path / "junit.xml").read_text()
    assert "s3cr3t" not in result.stdout.str() + (site.path / "junit.xml").read_text()


@pytest.mark.parametrize("place", [(Redaction, "observation"), (certificates, "without_known")])
def test_fault_in_keeping_what_a_host_said_costs_this_host(
    place: tuple[Any, str], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be searched for secrets is kept nowhere."""
    sound = getattr(*place)

    def work(*given: Any) -> Any:
        return fail() if any(getattr(one, "host", "") == "web1" for one in given) else sound(*given)

    monkeypatch.setattr(*place, work)
    site.audit()
    found = evidence(site)
    lost = {name for name, seen in found["hosts"].items() if seen["type"] == "unobserved"}
    assert lost == {"web1"}
    assert found["hosts"]["web1"]["why"] == "internal-error"
    assert {error["subject"] for error in found["internal_errors"]} == {"web1"}
    assert found["verdict"] == "could-not-be-assessed"
    assert verify(site.path / "reports" / "acme-prod").problems == ()


@pytest.mark.parametrize("place", ["progress_bar", "loading_the_rest"])
def test_progress_that_cannot_be_shown_costs_nothing(
    place: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as on a terminal that is gone."""
    monkeypatch.setattr(stash, place, fail)
    site.audit()
    assert evidence(site)["verdict"].startswith("ready")


def test_fault_that_costs_no_test_is_no_success(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check passes, and the cluster could not be assessed all the same."""
    monkeypatch.setattr(sys.modules["pytest_portaswitch.causes.kinds"], "title", fail)
    result = site.audit()
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert "failed" not in result.parseoutcomes()
    assert evidence(site)["verdict"] == "could-not-be-assessed"
    result.stdout.fnmatch_lines(["acme-prod: COULD NOT BE ASSESSED*", "  our fault *"])


def test_terminal_that_fails_says_the_verdict_all_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where the evidence lies."""
    monkeypatch.setattr(terminal, "_waived", fail)
    result = site.audit()
    result.stdout.fnmatch_lines(
        [
            "acme-prod: READY*",
            "  our fault a fault of this program at report/terminal.py:*",
            "  evidence  *acme-prod/evidence.json",
        ]
    )


def test_index_that_fails_is_told_after_the_packs_are_written(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an exit code of its own."""
    monkeypatch.setattr(sys.modules[write_index.__module__], "render_fleet", fail)
    result = site.audit()
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert evidence(site)["verdict"].startswith("ready")
    result.stdout.fnmatch_lines(
        ["index.html: not done: a fault of this program at pack/index.py:* (ZeroDivisionError)*"]
    )


def test_cluster_whose_evidence_fails_costs_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is written, and it is said which is not."""
    text = (site.path / "acme.yaml").read_text()
    other = text.replace("cluster: acme-prod", "cluster: other", 1)
    (site.path / "other.yaml").write_text(other)
    sound = evidence_module.publishable

    def publishable(cluster: Any) -> Any:
        return fail() if cluster.name == "acme-prod" else sound(cluster)

    monkeypatch.setattr(evidence_module, "publishable", publishable)
    result = site.audit("--cluster", "other.yaml")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    folders = sorted(path.parent.name for path in site.path.glob("reports/*/evidence.json"))
    assert folders == ["other"]
    result.stdout.fnmatch_lines(
        ["acme-prod: no evidence: *(ZeroDivisionError): evidence, acme-prod*"]
    )
    assert (site.path / "reports/index.html").exists()


def test_hook_of_verdicts_that_fails_costs_its_tests(site: Site) -> None:
    """The verdicts stand, the evidence says what failed, and verify notes whose word that is."""
    hook = BROKEN_HOOK.format(name="pytest_portaswitch_verdict", arguments="check")
    result = broken(site, hook, "-k", "listener and proc1")
    found = site.path.rglob("evidence.json")
    pack = next(iter(found))
    written = json.loads(pack.read_text())
    assert {c["verdict"] for c in written["checks"]} == {"pass"}
    assert result.parseoutcomes()["errors"] == len(written["checks"])
    stages = {(e["stage"], e["place"].partition(":")[0]) for e in written["internal_errors"]}
    assert stages == {("site-hook", "breaking.py")}
    assert any("a fault in a hook of the site at" in note for note in verify(pack.parent).notes)


def test_hook_of_evidence_that_fails_is_told(site: Site) -> None:
    """After the pack was written."""
    hook = BROKEN_HOOK.format(name="pytest_portaswitch_evidence", arguments="path")
    result = broken(site, hook)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert evidence(site)["internal_errors"] == []
    result.stdout.fnmatch_lines(
        ["acme-prod: not done: a fault in a hook of the site at breaking.py:3 (ZeroDivisionError)*"]
    )


@pytest.mark.parametrize(
    ("name", "arguments", "place"),
    [
        ("pytest_portaswitch_checks", "checks", "acme.yaml"),
        ("pytest_portaswitch_tables", "config", "plugin"),
    ],
)
def test_hook_that_plans_and_fails_stops_the_run_with_a_sentence(
    name: str, arguments: str, place: str, site: Site
) -> None:
    """Before any host is contacted, and without a traceback."""
    result = broken(site, BROKEN_HOOK.format(name=name, arguments=arguments))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: {place}: a fault in a hook of the site at breaking.py:3 (ZeroDivisionError) "
            f"(mend {name} of the site's plugin)"
        ]
    )
    assert site.observed() == []


def test_pack_that_cannot_be_stored_goes_elsewhere_and_costs_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pack that lies there may hold anything, and what reads it may fail."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    site.audit()
    other = (site.path / "acme.yaml").read_text().replace("acme-prod", "other", 1)
    (site.path / "other.yaml").write_text(other)
    monkeypatch.setattr(sys.modules["pytest_portaswitch.pack.history"], "entry_name", fail)
    result = site.audit("--cluster", "other.yaml")
    assert result.ret == 14
    [elsewhere] = tmp_path.glob("pytest-portaswitch/*/acme-prod")
    assert verify(elsewhere).problems == ()
    assert verify(site.path / "reports" / "other").problems == ()
    result.stdout.fnmatch_lines(
        [
            "acme-prod: READY, WITH WARNINGS*",
            "other: READY, WITH WARNINGS*",
            "*reports/index.html: 2 clusters: 2 ready with warnings",
            f"NOT WRITTEN: {site.path}/reports/acme-prod: cannot be written: a fault of this "
            "program at pack/history.py:* (ZeroDivisionError); send us this line and the versions "
            "in this report; it holds no secret and no word of a host; the pack is in "
            f"{elsewhere}: once that is mended, pytest-portaswitch merge {elsewhere} --output "
            f"{site.path}/reports",
        ]
    )
