"""Evidence adds up, loses nothing, and is written whole or not at all."""

from __future__ import annotations

import datetime
import inspect
import json
import os
import re
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.facts import Unobserved
from pytest_portaswitch.judge import Verdict, judge
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.pack import write_pack
from pytest_portaswitch.plan import Plan, expand
from pytest_portaswitch.report import provenance, terminal
from pytest_portaswitch.report.command_line import run_words
from pytest_portaswitch.report.evidence import Evidence, gather
from pytest_portaswitch.runner import options
from pytest_portaswitch.source.sums import sums_of

ACME = Path(__file__).parents[2] / "plugin" / "acme.yaml"
MOMENT = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.timezone.utc)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of acme.yaml."""
    cluster = clusters.load(ACME)
    return expand(tables.load(cluster.release), cluster)


def evidence_of(plan: Plan, verdicts: dict[str, Verdict], state: str = "complete") -> Evidence:
    """Evidence of a run that looked at no host."""
    cluster = clusters.load(ACME)
    run = provenance.describe(
        state=state,  # type: ignore[arg-type]
        started=MOMENT,
        finished=MOMENT,
        arguments=["suites", "--cluster", "a b.yaml"],
        tables="tables",
        files=sums_of({"acme.yaml": ACME, "nowhere.yaml": Path("nowhere.yaml")}),
        limits=Limits(),
        deselected=0,
    )
    return gather(
        cluster=cluster,
        tables=tables.load(cluster.release),
        plan=plan,
        run=run,
        checks=plan.checks,
        verdicts=verdicts,
        hosts={"db1": Unobserved(host="db1", why="no-route", detail="No route to host")},
    )


def test_totals_add_up_and_a_check_without_verdict_is_unknown(plan: Plan) -> None:
    """Nothing disappears, whatever came back."""
    some = {check.id: judge(check, {}) for check in plan.checks[:3]}
    passed = {
        check.id: Verdict(verdict="pass", expected="e", observed="o") for check in plan.checks[3:5]
    }
    totals = evidence_of(plan, some | passed, "stopped").totals
    assert (totals.planned, totals.passed, totals.failed) == (len(plan.checks), 2, 0)
    assert totals.planned == totals.passed + totals.failed + totals.unknown + totals.waived


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("complete", "its test was skipped, or its worker died, before it was judged"),
        ("stopped", "the run was stopped before this check"),
        ("interrupted", "the run was interrupted before this check"),
    ],
)
def test_a_check_without_verdict_says_why(plan: Plan, state: str, why: str) -> None:
    """In its message, and as one cause."""
    evidence = evidence_of(plan, {}, state)
    assert evidence.checks[0].message.endswith(f"/ observed {why} / cause {why}")
    assert [cause.title for cause in evidence.causes] == [why]


def test_the_fields_that_are_promised(plan: Plan, tmp_path: Path) -> None:
    """As the public interface names them."""
    judged = {check.id: judge(check, {}) for check in plan.checks}
    path = write_pack(evidence_of(plan, judged), tmp_path)
    assert path == tmp_path / "acme-prod" / "evidence.json"
    plain = json.loads(path.read_text())
    assert {"format", "version", "cluster", "run", "totals", "hosts", "checks", "causes"} <= set(
        plain
    )
    assert set(plain["totals"]) == {"planned", "passed", "failed", "unknown", "waived"}
    assert {
        "id", "kind", "row", "host", "peer", "subcomponent", "transport", "port", "verdict",
        "grade", "message",
    } <= set(plain["checks"][0])  # fmt: skip
    assert {
        "id", "kind", "title", "severity", "seen", "checks", "effect", "impact", "next",
    } == set(plain["causes"][0])  # fmt: skip
    assert plain["verdict"] == "could-not-be-assessed"
    assert plain["hosts"]["db1"]["why"] == "no-route"
    assert plain["run"]["command"] == "pytest suites --cluster 'a b.yaml'"
    assert plain["run"]["started"] == "2026-11-22T12:00:00+00:00"
    assert len(plain["run"]["files"]["acme.yaml"]) == 64
    assert plain["run"]["files"]["nowhere.yaml"] == "unreadable: No such file or directory"


def test_evidence_reads_back_as_it_was(plan: Plan, tmp_path: Path) -> None:
    """So that everything can be made from the file alone."""
    evidence = evidence_of(plan, {check.id: judge(check, {}) for check in plan.checks})
    path = write_pack(evidence, tmp_path)
    assert msgspec.json.decode(path.read_bytes(), type=Evidence) == evidence


def test_a_failed_write_leaves_the_old_file_and_no_other(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader never meets half a file."""
    evidence = evidence_of(plan, {})
    path = write_pack(evidence, tmp_path)
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_pack(evidence_of(plan, {}, "stopped"), tmp_path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "SHA256SUMS",
        "audit.html",
        "evidence.json",
        "oscal-assessment-results.json",
    ]


def test_a_pass_with_warnings_shows_them(plan: Plan) -> None:
    """They change no total, stand in the evidence, and the terminal names their causes."""
    verdicts = {
        check.id: Verdict(verdict="pass", expected="e", observed="o") for check in plan.checks
    }
    warned = plan.checks[0].id
    verdict = msgspec.structs.replace(verdicts[warned], warnings=("expires in 5 days",))
    evidence = evidence_of(plan, {**verdicts, warned: verdict})
    assert evidence.totals.passed == evidence.totals.planned
    assert {check.id: check.warnings for check in evidence.checks if check.warnings} == {
        warned: ("expires in 5 days",)
    }
    assert list(terminal.lines(evidence, "x"))[2:] == [
        "  warning   expires in 5 days (1 check)",
        "  warning   accepted, but all of it was assessed: mysql-server on db2 (no",
        "            account for audits yet); leave it out [accepted, line 16]",
        "  not asked 1 service has no peer here that tries to reach it: the audit page",
        "            names it",
        "  evidence  x",
    ]
    assert verdict.lines({}) == ("expected e / observed o", "  warning: expires in 5 days")


def test_many_warnings_are_counted_not_listed(plan: Plan) -> None:
    """They must not scroll the causes away."""
    verdicts = {
        check.id: Verdict(verdict="pass", expected="e", observed="o", warnings=(check.id,))
        for check in plan.checks
    }
    lines = list(terminal.lines(evidence_of(plan, verdicts), "x"))
    more = len(plan.checks) - 20
    assert lines[-6] == f"  ... and {more} more warnings: the evidence has them"
    one = Verdict(verdict="fail", expected="e", observed="o", cause="c", warnings=("w",) * (20 + 3))
    lines = list(terminal.lines(evidence_of(plan, {plan.checks[0].id: one}), "x"))
    assert f"  warning   w [{plan.checks[0].id}]" in lines
    assert "  ... and 3 more warnings of checks that did not pass" in lines


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--hosts", "ssh://root:S3CRET@db1"], "--hosts '***'"),
        (["--hosts=ssh://a:S3CRET@db1,ssh://b@db2"], "'--hosts=***'"),
        (["--db-password", "S3CRET", "-v"], "--db-password '***' -v"),
        (["--token=S3 CRET"], "'--token=***'"),
        (["-o", "api_key = S3CRET"], "-o '***'"),
        (["-oapi_key=S3CRET"], "'-o***'"),
        (["-uS3CRET!", "-DS3CRET", "-mslow"], "'-u***' '-D***' -mslow"),
        (["S3CRET=x", "https://a:S3CRET@h/"], "'***' '***'"),
        (["--db", "S3CRET", "S3CRET@db"], "--db '***' '***'"),
        (["{'a': 'S3CRET'}"], "'***'"),
        (["-qx", "-n4", "-rA", "--lf", "suites/test_a.py::test_b[x:y-z]"],
         "-qx -n4 -rA --lf 'suites/test_a.py::test_b[x:y-z]'"),
        (["-k", "radius and not x", "--dist=loadscope"], "-k 'radius and not x' --dist=loadscope"),
        (["--cluster", "a b.yaml", "--sign", "key"], "--cluster 'a b.yaml' --sign key"),
    ],
)  # fmt: skip
def test_no_secret_of_another_plugins_option_is_recorded(arguments: list[str], shown: str) -> None:
    """Other plugins take secrets on the command line; evidence is handed around."""
    run = provenance.describe(
        state="complete",
        started=MOMENT,
        finished=MOMENT,
        arguments=arguments,
        tables="tables",
        files={},
        limits=Limits(),
        deselected=0,
    )
    assert run.command == f"pytest {shown}"


def test_value_of_each_option_of_this_project_is_recorded() -> None:
    source = inspect.getsource(options)
    names = re.findall(r'addoption\(\s*"(--[\w-]+)"', source)
    assert len(names) > 10
    for name in names:
        assert list(run_words([name, "acme.yaml"])) == [name, "acme.yaml"]
