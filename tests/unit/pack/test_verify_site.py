"""What a site may change of an audit, its grade and its checks, holds, and is never passed over."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.cli import main
from pytest_portaswitch.cluster.model import LeastGrade, Replica
from pytest_portaswitch.judge import judge
from pytest_portaswitch.pack import oscal, verify, write_pack
from pytest_portaswitch.plan import expand
from pytest_portaswitch.report.evidence import Evidence, gather
from pytest_portaswitch.report.files import encode
from pytest_portaswitch.report.page import render, render_header
from pytest_portaswitch.report.page.checks import Checks
from pytest_portaswitch.report.page.tables import tables_of
from pytest_portaswitch.report.terminal import lines
from tests.unit.report.making import ACME, evidence
from tests.unit.report.test_page import text_of

replace = msgspec.structs.replace
READY = replace(clusters.load(ACME), replica=Replica(account="audit"), accepted=())


def hooked(found: Evidence, removed: set[str], added: tuple[str, ...] = ()) -> Evidence:
    """The evidence as if a hook had taken out checks, and added copies of the first by new ids."""
    plan = expand(found.tables, found.site)
    checks = [check for check in plan.checks if check.id not in removed]
    checks += [replace(checks[0], id=one) for one in added]
    return gather(
        cluster=found.site,
        tables=found.tables,
        plan=replace(plan, checks=tuple(checks)),
        run=found.run,
        checks=checks,
        verdicts={check.id: judge(check, found.hosts) for check in checks},
        hosts=found.hosts,
    )


@pytest.fixture(scope="module")
def broken() -> Evidence:
    """An audit in which something fails."""
    return evidence({"db2": "nothing-runs"}, READY)


@pytest.mark.parametrize("grade", ["connected", "delivered"])
def test_a_ready_cluster_that_demands_less_holds(grade: LeastGrade, tmp_path: Path) -> None:
    """It is never plainly ready, and the proof says the same."""
    found = evidence(cluster=replace(READY, grade=grade))
    assert evidence(cluster=READY).verdict == "ready"
    assert found.verdict == "ready-with-warnings"
    assert verify(write_pack(found, tmp_path).parent).problems == ()


def test_checks_that_a_hook_took_out_are_told(
    broken: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By every output: what fails does not become ready by leaving it out."""
    failing = {check.id for check in broken.checks if check.verdict != "pass"}
    found = hooked(broken, failing)
    assert found.totals.passed == found.totals.planned
    assert found.verdict == "ready-with-warnings"
    number = len(failing)
    said = f"a hook of the site took {number} planned checks out: nothing is said of what is not"
    assert said in " ".join(" ".join(lines(found, "e")).split())
    assert f"Partial: {said}" in text_of(render(found))
    assert f"partial: {said}" in text_of(render_header(found, "page", ""))
    content = oscal.document(found, encode(found)).decode()
    assert f'"value": "{number}"' in content.split('"removed-checks"')[1]
    pack = write_pack(found, tmp_path).parent
    assert main(["verify", str(pack)]) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note")]
    assert notes == [
        f"note  evidence.json: check {one}: a hook of the site took it out: why, nothing here says"
        for one in sorted(failing)
    ]
    assert main(["merge", str(tmp_path), "--output", str(tmp_path)]) == 0
    assert f"partial: {said}" in text_of((tmp_path / "index.html").read_text())
    write_pack(replace(found, verdict="ready"), tmp_path)
    assert verify(pack).problems == (
        "evidence.json: verdict: is 'ready', the checks give 'ready-with-warnings'",
    )


def test_a_row_says_why_it_has_no_check(broken: Evidence) -> None:
    """One that a hook emptied was not left out by the run."""
    of_row = {c.id for c in broken.checks if c.row == "web.taskstack.replica-db"}
    assert len(of_row) > 1
    found = hooked(broken, of_row)
    assert _nothing(found) == "taken out by a hook of the site"
    first, *others = sorted(of_row)
    found = replace(hooked(broken, of_row), removed=(first,), deselected=tuple(others))
    assert _nothing(found) == "taken out by a hook of the site, or not selected in this run"
    assert _nothing(replace(found, removed=())) == "not selected in this run"


def _nothing(found: Evidence) -> str:
    rows = [row for table in tables_of(found, Checks(found)) for row in table.rows]
    return next(row.nothing for row in rows if row.id == "web.taskstack.replica-db")


def test_checks_that_a_hook_added_are_told(broken: Evidence, tmp_path: Path) -> None:
    """They count, and nobody can prove what they should demand; of many only some are named."""
    found = hooked(broken, set(), ("zzz:own",))
    assert "A hook of the site added these checks to what the tables give: zzz:own." in text_of(
        render(found)
    )
    proof = verify(write_pack(found, tmp_path).parent)
    assert proof.problems == ()
    assert proof.notes == (
        "evidence.json: check zzz:own: a hook of the site added it: what it demands is the site's "
        "word",
    )
    many = hooked(broken, set(), tuple(f"zzz:own:{number:02}" for number in range(52)))
    assert verify(write_pack(many, tmp_path).parent).notes[-1] == "evidence.json: ... and 2 more"


def test_what_the_tables_give_cannot_be_said_to_be_added(broken: Evidence, tmp_path: Path) -> None:
    """Else it could demand anything."""
    one = next(check.id for check in broken.checks if check.verdict == "fail")
    assert verify(write_pack(replace(broken, added=(one,)), tmp_path).parent).problems == (
        f"evidence.json: check {one}: is said to be added; the tables and the cluster give it",
    )
