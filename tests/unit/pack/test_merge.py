"""Packs of many runs come together as they were, or are refused with all that is wrong."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.cli import main
from pytest_portaswitch.cluster.model import Replica
from pytest_portaswitch.pack import verify, write_index, write_pack
from pytest_portaswitch.pack.contents import make
from pytest_portaswitch.pack.names import EVIDENCE, SIGNATURE, SUMS
from pytest_portaswitch.pack.write import sums
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.fleet import read_summary
from pytest_portaswitch.report.reading import read_evidence
from tests.unit.report.making import ACME, MOMENT, evidence


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three packs, as three CI jobs leave them: ``job-CLUSTER/reports/acme-prod``."""
    top = tmp_path_factory.mktemp("made")
    found = evidence({"db2": "nothing-runs"})
    for days, job in enumerate(("early", "late")):
        started = (MOMENT + datetime.timedelta(days=days)).isoformat()
        run = msgspec.structs.replace(found.run, started=started)
        write_pack(msgspec.structs.replace(found, run=run), top / f"job-{job}" / "reports")
    asked = Replica(account="audit")
    bravo = msgspec.structs.replace(clusters.load(ACME), name="bravo", replica=asked, accepted=())
    write_pack(evidence(cluster=bravo), top / "job-bravo")
    return top


@pytest.fixture
def jobs(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of them, to be altered; commands are given there."""
    shutil.copytree(made, tmp_path / "jobs")
    monkeypatch.chdir(tmp_path)
    return Path("jobs")


def files_of(folder: Path) -> dict[str, bytes]:
    """By name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_packs_of_many_jobs_come_together(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To the byte, signatures too, so each holds as before; with a page over all."""
    pack = jobs / "job-late" / "reports" / "acme-prod"
    (pack / SIGNATURE).write_bytes(b"a signature")
    assert main(["merge", "jobs/job-late", "jobs/job-bravo/bravo", "--output", "all"]) == 0
    assert files_of(Path("all/acme-prod")) == files_of(pack)
    assert verify(Path("all/bravo")).problems == ()
    assert 'href="bravo/audit.html"' in Path("all/index.html").read_text()
    blocked, ready, last = capsys.readouterr().out.splitlines()
    assert blocked.startswith("  acme-prod: BLOCKED, ")
    assert ready.startswith("  bravo: READY, ")
    assert last == "all/index.html: 2 clusters: 1 blocked, 1 ready"


def test_the_same_cluster_twice_is_refused(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With both times, and what to do; nothing is written."""
    assert main(["merge", "jobs", "--output", "all"]) == 2
    assert capsys.readouterr().err == (
        "jobs/job-early/reports/acme-prod: is of acme-prod, audited 2026-11-22T12:00:00+00:00; "
        "so is jobs/job-late/reports/acme-prod, audited 2026-11-23T12:00:00+00:00 (leave one out, "
        "or give --newest)\n"
    )
    assert not Path("all").exists()


def test_newest_takes_the_newest(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says what it left out."""
    assert main(["merge", "jobs", "--output", "all", "--newest"]) == 0
    late = jobs / "job-late" / "reports" / "acme-prod"
    assert files_of(Path("all/acme-prod")) == files_of(late)
    assert capsys.readouterr().out.startswith(
        "jobs/job-early/reports/acme-prod: left out: acme-prod was audited "
        "2026-11-22T12:00:00+00:00, and 2026-11-23T12:00:00+00:00 in "
        "jobs/job-late/reports/acme-prod\n"
    )


@pytest.mark.parametrize("newest", [False, True])
def test_what_lies_in_the_output_already_counts(
    jobs: Path, capsys: pytest.CaptureFixture[str], newest: bool
) -> None:
    """It is not overwritten unseen, and an older one never takes its place."""
    assert main(["merge", "jobs/job-late", "jobs/job-bravo"]) == 0
    before = files_of(Path("reports/acme-prod"))
    code = main(["merge", "jobs/job-early", *(["--newest"] if newest else [])])
    assert code == (0 if newest else 2)
    assert files_of(Path("reports/acme-prod")) == before
    if not newest:
        assert "so is reports/acme-prod, audited 2026-11-23" in capsys.readouterr().err
    assert "2 clusters" in Path("reports/index.html").read_text()


def test_a_newer_one_takes_the_place_of_an_older(jobs: Path) -> None:
    """Without the older one's signature."""
    assert main(["merge", "jobs/job-early"]) == 0
    Path("reports/acme-prod", SIGNATURE).write_bytes(b"of the older one")
    assert main(["merge", "jobs/job-late", "--newest"]) == 0
    assert files_of(Path("reports/acme-prod")) == files_of(jobs / "job-late/reports/acme-prod")


def test_the_same_pack_twice_is_one(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named twice, or copied."""
    shutil.copytree(jobs / "job-bravo", "copy")
    command = ["merge", "jobs/job-bravo", "jobs/job-bravo/bravo", "copy", "--output", "all"]
    assert main(command) == 0
    assert capsys.readouterr().out.startswith(
        "copy/bravo: is the same pack as jobs/job-bravo/bravo\n"
    )


def test_packs_of_another_format_are_refused(
    jobs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is named with its version, beside everything else that is wrong."""
    other = jobs / "job-late/reports/acme-prod" / EVIDENCE
    other.write_text('{"format": "portaswitch-evidence", "version": 2}')
    (jobs / "empty").mkdir()
    given = ["jobs/job-late", "jobs/job-bravo", "jobs/empty", "jobs/none"]
    assert main(["merge", *given]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "jobs/empty: has no pack in it: no evidence.json lies there or below",
        "jobs/job-late/reports/acme-prod/evidence.json: has version 2 of the format; this program "
        "reads 1 (use the version of pytest-portaswitch that made it)",
        "jobs/none: is no folder",
    ]
    assert not Path("reports").exists()


def test_a_pack_that_was_altered_is_refused(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An artifact that came half, too."""
    pack = jobs / "job-bravo" / "bravo"
    with (pack / "audit.html").open("a") as file:
        file.write(" ")
    (pack / SUMS).with_name("oscal-assessment-results.json").unlink()
    assert main(["merge", "jobs/job-bravo"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{pack}: audit.html: was altered: its SHA-256 is not the one in SHA256SUMS",
        f"{pack}: oscal-assessment-results.json: is missing",
    ]


@pytest.mark.parametrize("name", ["../evil", "/etc", "a/b", "", ".", "x" * 65])
def test_a_cluster_cannot_leave_the_folder(
    jobs: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A pack may come from anywhere."""
    evil = jobs / "evil"
    evil.mkdir()
    files = make(msgspec.structs.replace(evidence(leave_out="reach"), cluster=name)).files
    for file, content in {**files, SUMS: sums(files)}.items():
        (evil / file).write_bytes(content)
    assert main(["merge", "jobs/evil"]) == 2
    assert "must be a folder's name" in capsys.readouterr().err
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("packs", "code"),
    [(["bravo"], 0), (["charlie", "bravo"], 3), (["charlie", "bravo", "late"], 1)],
)
def test_the_gate_tells_the_verdicts_apart(jobs: Path, packs: list[str], code: int) -> None:
    """Ready, could not be assessed, blocked."""
    charlie = msgspec.structs.replace(clusters.load(ACME), name="charlie")
    write_pack(evidence({"bill1": "down"}, charlie), jobs / "job-charlie")
    given = [f"jobs/job-{pack}" for pack in packs]
    assert main(["merge", *given, "--gate"]) == code
    assert main(["merge", "reports"]) == 0


def test_packs_may_lie_in_the_output(jobs: Path) -> None:
    """Then they stay as they are, and only the page is made anew."""
    before = files_of(jobs / "job-bravo" / "bravo")
    assert main(["merge", "jobs/job-bravo", "--output", "jobs/job-bravo"]) == 0
    assert files_of(jobs / "job-bravo" / "bravo") == before
    assert (jobs / "job-bravo" / "index.html").exists()


def test_an_output_that_cannot_be_written_is_told(
    jobs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a traceback."""
    Path("file").write_text("")
    assert main(["merge", "jobs/job-bravo", "--output", "file/all"]) == 2
    assert "cannot be read or written: Not a directory" in capsys.readouterr().err


def test_a_pack_that_contradicts_its_checks_is_refused(
    jobs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though its sums hold: nobody has to trust a word that anyone can write."""
    pack = jobs / "job-late" / "reports" / "acme-prod"
    found = read_evidence(pack / EVIDENCE)
    totals = msgspec.structs.replace(found.totals, failed=0, passed=found.totals.planned)
    write_pack(msgspec.structs.replace(found, verdict="ready"), pack.parent)
    assert main(["merge", "jobs/job-late", "--gate"]) == 2
    said = "verdict: 'ready': its checks give blocked"
    assert capsys.readouterr().err == f"{pack / EVIDENCE}: {said}\n"
    (shown,) = write_index(pack.parent, MOMENT).packs
    assert shown.refusal == f"evidence.json: {said}"
    write_pack(msgspec.structs.replace(found, totals=totals), pack.parent)
    assert main(["merge", "jobs/job-late", "--gate"]) == 2
    assert f"totals.failed: '0': its checks give {found.totals.failed}\n" in capsys.readouterr().err


def test_what_the_tables_leave_open_keeps_no_cluster_from_being_ready(jobs: Path) -> None:
    """Read from its checks as it was judged; a lower grade does, what was left out as well."""
    asked = msgspec.structs.replace(
        clusters.load(ACME), replica=Replica(account="audit"), accepted=()
    )
    for name, found in {
        "open": evidence(cluster=asked),
        "lower": evidence(cluster=msgspec.structs.replace(asked, grade="connected")),
        "partial": evidence(cluster=asked, leave_out="listener:db1:"),
    }.items():
        write_pack(found, jobs / name)
    assert read_summary(jobs / "open/acme-prod").verdict == "ready"
    assert read_summary(jobs / "open/acme-prod").totals.unknown > 0
    assert read_summary(jobs / "lower/acme-prod").verdict == "ready-with-warnings"
    assert read_summary(jobs / "partial/_partial/acme-prod").verdict == "could-not-be-assessed"


@pytest.fixture
def partial() -> Evidence:
    """An audit of a part, later than the whole ones."""
    found = evidence(leave_out="listener:db1:")
    started = (MOMENT + datetime.timedelta(days=5)).isoformat()
    return msgspec.structs.replace(found, run=msgspec.structs.replace(found.run, started=started))


def test_an_audit_of_a_part_takes_no_whole_ones_place(
    jobs: Path, partial: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is it a second one of its cluster; both come along, and the page lists both."""
    write_pack(partial, jobs / "job-partial")
    assert main(["merge", "jobs/job-late", "jobs/job-partial", "--newest"]) == 0
    whole = jobs / "job-late" / "reports" / "acme-prod"
    assert files_of(Path("reports/acme-prod")) == files_of(whole)
    pack = jobs / "job-partial" / "_partial" / "acme-prod"
    assert files_of(Path("reports/_partial/acme-prod")) == files_of(pack)
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "reports/index.html: 1 cluster: 1 blocked"
    page = Path("reports/index.html").read_text()
    assert "Other audits: 1" in page
    assert 'href="_partial/acme-prod/audit.html"' in page
    assert main(["merge", "reports"]) == 0


def test_a_cluster_of_which_only_a_part_was_audited_does_not_pass_the_gate(
    jobs: Path, partial: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job that was interrupted leaves no more."""
    write_pack(partial, jobs / "job-partial")
    assert main(["merge", "jobs/job-bravo", "jobs/job-partial", "--gate"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "reports/index.html: 2 clusters: 1 could not be assessed, 1 ready"


def test_earlier_audits_are_not_merged(jobs: Path) -> None:
    """But for one that is named itself; and what a newer one replaces is kept."""
    for job in ("early", "late"):
        found = read_evidence(jobs / f"job-{job}" / "reports" / "acme-prod" / EVIDENCE)
        write_pack(found, Path("site"))
    [earlier] = Path("site/_history/acme-prod").iterdir()
    assert main(["merge", "site"]) == 0
    assert [path.name for path in sorted(Path("reports").iterdir())] == ["acme-prod", "index.html"]
    assert main(["merge", str(earlier), "--output", "old"]) == 0
    assert files_of(Path("old/acme-prod")) == files_of(earlier)
    assert main(["merge", "site", "--output", "old", "--newest"]) == 0
    assert files_of(Path("old/acme-prod")) == files_of(Path("site/acme-prod"))
    assert files_of(Path("old/_history/acme-prod", earlier.name)) == files_of(earlier)


def test_a_cluster_whose_last_audit_went_is_shown_by_an_earlier_one(jobs: Path) -> None:
    """As where a run was killed between two renames."""
    for job in ("early", "late"):
        found = read_evidence(jobs / f"job-{job}" / "reports" / "acme-prod" / EVIDENCE)
        write_pack(found, Path("site"))
    shutil.rmtree("site/acme-prod")
    index = write_index(Path("site"), MOMENT)
    assert [pack.folder.parent for pack in index.packs] == [Path("site/_history/acme-prod")]
    assert "an earlier audit: the last one is missing" in index.path.read_text()
