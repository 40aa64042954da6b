"""Runs of a part never take the place of a whole audit; each audit before is kept for a while."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_portaswitch.cli import main
from pytest_portaswitch.pack import verify

from .conftest import Site
from .test_fleet import second_cluster
from .test_judging_nothing import contents

pytestmark = pytest.mark.slow  # each audits a cluster several times

BROKEN = ("db1", "nothing-runs")


def partial(site: Site) -> Path:
    """Where the last run of a part lies."""
    return site.path / "reports" / "_partial" / "acme-prod"


def entries(site: Site) -> list[str]:
    """The names of the earlier audits."""
    history = site.path / "reports" / "_history" / "acme-prod"
    return sorted(path.name for path in history.iterdir()) if history.exists() else []


@pytest.mark.parametrize(
    ("how", "change"),
    [
        (["-k", "process and web1"], None),
        (["--deselect", "suites/test_hygiene.py"], None),
        (["suites/test_processes.py::test_process[web1:taskstack]"], None),
        (["-x"], BROKEN),
        (["--maxfail", "3"], BROKEN),
        (["--stepwise"], BROKEN),
        ([], ("sip1", "interrupted")),
        pytest.param(["-x", "-n", "2"], BROKEN, marks=pytest.mark.slow),
        pytest.param(["-k", "process and web1", "-n", "2"], None, marks=pytest.mark.slow),
    ],
)
def test_a_run_of_a_part_keeps_the_whole_audit(
    site: Site, how: list[str], change: tuple[str, str] | None
) -> None:
    site.audit()
    whole = site.path / "reports" / "acme-prod"
    before = contents(whole)
    if change:
        site.change(*change)
    if how and how[0].startswith("suites/"):
        given = [*how, "--cluster", "acme.yaml"]
        result = site.pytester.runpytest_subprocess(*given)
    else:
        result = site.audit_in_subprocess(*how)
    assert contents(whole) == before
    assert verify(partial(site)).problems == ()
    result.stdout.fnmatch_lines(
        [
            f"  evidence  {partial(site)}/evidence.json",
            f"  whole     {whole}/evidence.json was kept: * UTC, READY, WITH WARNINGS",
        ]
    )


def test_where_no_whole_audit_lies_yet_that_is_said(site: Site) -> None:
    """On the terminal and on the page, which leads to it."""
    result = site.audit("-k", "process and web1")
    text = " ".join(result.stdout.str().split())
    assert (
        f"evidence {partial(site)}/evidence.json whole no whole audit of acme-prod lies in" in text
    )
    result.stdout.fnmatch_lines(["*reports/index.html: 1 cluster: 1 could not be assessed"])
    assert not (site.path / "reports" / "acme-prod").exists()
    page = (site.path / "reports" / "index.html").read_text()
    assert 'href="_partial/acme-prod/audit.html"' in page
    assert "no whole audit lies here" in page


def test_of_two_clusters_each_goes_where_it_belongs(site: Site) -> None:
    """One is audited whole, of the other a part."""
    other = second_cluster(site, "bravo")
    result = site.audit("--cluster", other, "-k", "acme-prod or (bravo and process and web1)")
    reports = site.path / "reports"
    assert verify(reports / "acme-prod").problems == ()
    assert verify(reports / "_partial" / "bravo").problems == ()
    assert {path.name for path in reports.iterdir()} == {"acme-prod", "_partial", "index.html"}
    result.stdout.fnmatch_lines(
        ["*reports/index.html: 2 clusters: 1 could not be assessed, 1 ready with warnings"]
    )


def test_each_audit_before_is_kept_and_the_page_lists_them(site: Site) -> None:
    """As many as were asked for; of each its verdict, date and extent, with links."""
    site.audit()
    site.change(*BROKEN)
    site.audit()
    for _ in range(3):
        site.audit("-k", "process and web1", "--audit-history", "1")
    moment = "2026-03-01T115959Z"
    assert entries(site) == [moment, f"{moment}-partial-2"]
    for name in entries(site):
        folder = site.path / "reports" / "_history" / "acme-prod" / name
        assert verify(folder).problems == ()
        assert main(["verify", str(folder)]) == 0
    page = (site.path / "reports" / "index.html").read_text()
    text = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "1 cluster: 1 blocked" in text
    assert (
        "Other audits: 3 "
        "Could not be assessed 2026-03-01 11:59:59 UTC , partial: 3 of 173 checks judged ( JSON ) "
        "Could not be assessed 2026-03-01 11:59:59 UTC , partial: 3 of 173 checks judged ( JSON ) "
        "Ready, with warnings 2026-03-01 11:59:59 UTC , whole ( JSON )" in text
    )
    for name in (f"_history/acme-prod/{moment}", "_partial/acme-prod"):
        assert f'href="{name}/audit.html"' in page
        assert f'href="{name}/evidence.json"' in page


@pytest.mark.parametrize("given", ["ten", "-1", "1001", "3 d", "36501d", "1.5"])
def test_a_number_of_audits_that_is_none_is_refused(site: Site, given: str) -> None:
    result = site.audit(f"--audit-history={given}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: --audit-history: '{given}': must be a number of audits from 0 to 1000, or of "
            "days, such as 90d"
        ]
    )
    assert site.observed() == []


def test_the_ini_file_says_how_many_are_kept(site: Site) -> None:
    for _ in range(3):
        site.audit("-o", "portaswitch_history=1")
    assert len(entries(site)) == 1
    site.audit("-o", "portaswitch_history=3000d")
    assert len(entries(site)) == 2
    site.audit("-o", "portaswitch_history=1", "--audit-history", "0")
    assert entries(site) == []


def test_a_test_that_is_skipped_before_it_judges_makes_the_audit_partial(site: Site) -> None:
    """A site's hook may skip it: what got no verdict is no whole audit."""
    site.audit()
    before = contents(site.path / "reports" / "acme-prod")
    (site.path / "suites" / "conftest.py").write_text(
        "import pytest\n\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items[0].add_marker(pytest.mark.skip(reason='not today'))\n"
    )
    result = site.audit()
    assert contents(site.path / "reports" / "acme-prod") == before
    assert verify(partial(site)).problems == ()
    result.stdout.fnmatch_lines(["  partial   1 check got no verdict: they are unknown"])


@pytest.mark.parametrize("how", [[], ["-n", "2"]])
@pytest.mark.parametrize(
    ("number", "times"),
    [
        *((signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGHUP, 1)),
        *((signal.SIGINT, 6), (signal.SIGHUP, 6)),
    ],
)
def test_control_c_and_a_job_that_is_cancelled_keep_the_whole_audit(
    site: Site, how: list[str], number: int, times: int
) -> None:
    """A connection that is lost, too, of which kernel and shell tell the same process; what was
    seen until then is kept."""
    site.audit_in_subprocess()
    before = contents(site.path / "reports" / "acme-prod")
    looked = len(site.observed())
    site.change("web1", "slow")
    site._write()
    # Whoever runs the tests under nohup has this signal ignored, also in children.
    command = ["env", "--default-signal=HUP", sys.executable, "-m", "pytest"]
    command += ["suites", "--cluster", "acme.yaml", *how]
    with subprocess.Popen(command, cwd=site.path, stdout=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 60
        while len(site.observed()) == looked and time.monotonic() < deadline:
            time.sleep(0.05)
        for _ in range(times):
            time.sleep(0.3)
            run.send_signal(number)
        told, _ = run.communicate(timeout=60)
    assert contents(site.path / "reports" / "acme-prod") == before
    assert verify(partial(site)).problems == ()
    assert f"  whole     {site.path}/reports/acme-prod/evidence.json was kept: " in told


def test_runs_of_one_cluster_at_the_same_time_do_not_harm_each_other(site: Site) -> None:
    """As CI jobs do that share a folder; all packs hold."""
    site._write()
    command = [sys.executable, "-m", "pytest", "suites", "--cluster", "acme.yaml", "-q"]
    runs = [
        subprocess.Popen([*command, *more], cwd=site.path, stdout=subprocess.DEVNULL)
        for more in ([], [], ["-k", "process"], ["-k", "process"])
    ]
    assert [run.wait(timeout=120) for run in runs] == [0, 0, 0, 0]
    reports = site.path / "reports"
    packs = [path.parent for path in reports.rglob("evidence.json")]
    assert len(packs) == 4
    for pack in packs:
        assert verify(pack).problems == ()
    assert len(entries(site)) == 2
    assert [path.name for path in reports.iterdir() if path.name.startswith(".")] == []
