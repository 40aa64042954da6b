"""A run beside an earlier audit: it fails on what is new, and says all that is different."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.cli import main
from pytest_portaswitch.pack import verify
from pytest_portaswitch.report.baseline import read_before
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.fleet import changes, read_summary

from .conftest import Site

pytestmark = pytest.mark.slow  # each audits a cluster several times


def evidence(site: Site) -> Evidence:
    """The evidence of the site's last run."""
    content = (site.pack() / "evidence.json").read_bytes()
    return msgspec.json.decode(content, type=Evidence)


def before(site: Site, **broken: str) -> Path:
    """Audit the site with hosts changed, and lay its evidence aside."""
    site.changes = list(broken.items())
    site.audit()
    aside = site.path / "before.json"
    shutil.copy(site.pack() / "evidence.json", aside)
    site.changes = []
    return aside


@pytest.mark.parametrize("how", ["option", "ini"])
def test_what_failed_before_does_not_fail_the_run(site: Site, how: str) -> None:
    """It is an expected failure that says so; the evidence has it as the failure that it is."""
    aside = before(site, db2="nothing-runs")
    failing = evidence(site).totals.failed
    site.change("db2", "nothing-runs")
    given = (
        ["--baseline", str(aside)] if how == "option" else ["-o", f"portaswitch_baselines={aside}"]
    )
    result = site.audit("-rx", *given)
    assert result.ret == 0
    result.assert_outcomes(
        passed=evidence(site).totals.passed, xfailed=failing, skipped=evidence(site).totals.unknown
    )
    found = evidence(site)
    assert found.verdict == "blocked"
    assert found.totals.failed == failing
    assert found.since is not None
    assert found.since.count("still-failing") == failing
    result.stdout.fnmatch_lines(["XFAIL *listener*db2* - still failing: expected *"])
    text = " ".join(result.stdout.str().split())
    assert "since the audit of 20" in text
    assert f"{failing} still failing" in text


def test_what_is_new_fails_the_run(site: Site) -> None:
    """Beside what failed before; each says how it stands."""
    aside = before(site, db2="nothing-runs")
    known = evidence(site).totals.failed
    site.changes = [("db2", "nothing-runs"), ("proc1", "nothing-runs")]
    result = site.audit("--baseline", str(aside))
    found = evidence(site)
    assert result.ret == 1
    assert found.since is not None
    fresh = found.since.count("new")
    assert found.totals.failed == known + fresh
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], outcomes["xfailed"]) == (fresh, known)
    result.stdout.fnmatch_lines(["*since the baseline: new failure"])


def test_what_can_be_told_no_more_is_an_error(site: Site) -> None:
    """It passed, and now nobody can tell."""
    aside = before(site)
    site.change("sip1", "udp-silent")
    plain = site.audit()
    assert plain.parseoutcomes()["errors"] > 0
    skipped = evidence(site)
    result = site.audit("--baseline", str(aside))
    found = evidence(site)
    assert found.totals == skipped.totals
    assert found.since is not None
    lost = found.since.count("newly-unknown")
    assert lost > 0
    assert result.parseoutcomes()["errors"] == lost
    assert result.ret == 1


def test_a_host_that_was_down_before_and_is_still(site: Site) -> None:
    """Not new, and not a pass: an expected failure, unknown in the evidence."""
    aside = before(site, proc1="down")
    site.change("proc1", "down")
    result = site.audit("--baseline", str(aside))
    found = evidence(site)
    assert result.ret == 0
    assert found.verdict == "could-not-be-assessed"
    assert "errors" not in result.parseoutcomes()
    text = " ".join(result.stdout.str().split())
    assert (
        "not compared (1): - proc1: before it could not be looked at: no answer within 10 s" in text
    )


def test_nothing_is_different(site: Site) -> None:
    """And that is said."""
    aside = before(site)
    result = site.audit("--baseline", str(aside))
    assert result.ret == 0
    passed = evidence(site).totals.passed
    text = " ".join(result.stdout.str().split())
    assert f"still unknown, {passed} unchanged" in text
    assert "seen otherwise" not in text


def test_under_xdist(site: Site) -> None:
    """Workers know the baseline; JUnit says how each check stands."""
    aside = before(site, db2="nothing-runs")
    site.changes = [("db2", "nothing-runs"), ("proc1", "nothing-runs")]
    result = site.audit_in_subprocess(
        "-n", "2", "--dist", "loadgroup", "--baseline", str(aside), "--junitxml", "run.xml",
        "--html", "run.html", "--self-contained-html",
    )  # fmt: skip
    found = evidence(site)
    assert found.since is not None
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == found.since.count("new")
    assert outcomes["xfailed"] == found.since.count("still-failing")
    log = (site.path / "run.xml").read_text()
    assert '<property name="since" value="new" />' in log
    assert '<property name="since" value="still-failing" />' in log
    page = (site.path / "run.html").read_text()
    assert "Since the audit of 20" in page


def test_the_page_and_the_index_show_it(site: Site) -> None:
    """The page in a section of its own, the index in a column."""
    aside = before(site)
    site.changes = [("proc1", "nothing-runs"), ("bill1", "old-release")]
    site.audit("--baseline", str(aside))
    found = evidence(site)
    assert found.since is not None
    page = (site.pack() / "audit.html").read_text()
    assert '<section id="since"' in page
    assert '<a href="#since">' in page
    assert f"{found.since.count('new')} new failures" in page
    assert found.since.baseline.sha256 in page
    index = (site.path / "reports/index.html").read_text()
    line = changes(read_summary(site.pack()))
    assert f"{found.since.count('new')} new failures" in line
    assert line in index


def test_the_pack_holds_and_the_baseline_proves_it(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the baseline it is said that it was not checked."""
    aside = before(site, bill1="old-release")
    site.change("proc1", "nothing-runs")
    site.audit("--baseline", str(aside))
    pack = site.pack()
    alone = verify(pack)
    assert alone.problems == ()
    assert alone.held[-1] == "no baseline given: what it said before was not checked"
    proof = verify(pack, before=read_before(aside))
    assert proof.problems == ()
    assert proof.held[-1] == "the difference from the baseline follows from both audits"
    capsys.readouterr()
    assert main(["verify", str(pack), "--baseline", str(aside)]) == 0
    assert "follows from both audits" in capsys.readouterr().out
    assert main(["verify", str(pack), "--baseline", "nowhere.json"]) == 2
    assert capsys.readouterr().err == "nowhere.json: cannot be read: No such file or directory\n"


def test_a_baseline_in_the_way_is_kept(site: Site) -> None:
    """The pack of before an upgrade is not lost by the comparison with it."""
    site.audit()
    pack = site.pack()
    kept = {path.name: path.read_bytes() for path in pack.iterdir()}
    for number in range(2):
        result = site.audit("--baseline", "reports/acme-prod")
        [line] = [x for x in result.outlines if x.startswith("the baseline's pack was kept: ")]
        aside = Path(line.removeprefix("the baseline's pack was kept: "))
        assert aside.parent == pack.parent / "_history" / "acme-prod"
        assert verify(aside).problems == ()
        if not number:
            assert {path.name: path.read_bytes() for path in aside.iterdir()} == kept
    assert len(list(aside.parent.iterdir())) == 2


def test_every_mistake_in_baselines_is_told_at_once(site: Site) -> None:
    """Before anything is looked at."""
    aside = before(site)
    other = site.path / "other.json"
    other.write_bytes(aside.read_bytes().replace(b'"acme-prod"', b'"acme-test"', 1))
    (site.path / "no.json").write_text("{}")
    looked = len(site.observed())
    result = site.audit(
        *("--baseline", str(aside), "--baseline", "before.json"),
        *("--baseline", "other.json", "--baseline", "no.json", "--baseline", "nowhere"),
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines_random([
        "*before.json: cluster: 'acme-prod': is of a cluster that *before.json is of too "
        "(leave one out)",
        "other.json: cluster: 'acme-test': is of a cluster that this run does not audit "
        "(valid are acme-prod)",
        "*no.json: is not evidence: *",
        "*nowhere: cannot be read: No such file or directory",
    ])  # fmt: skip
    assert len(site.observed()) == looked


def test_a_hostile_baseline_steers_no_terminal_and_no_page(site: Site) -> None:
    """It may have been written by anyone."""
    aside = before(site, bill1="old-release")
    text = aside.read_text()
    for release in ("MR118", "MR119"):
        text = text.replace(release, "\\u001b]0;owned\\u0007<script>alert(1)</script>")
    aside.write_text(text)
    result = site.audit("--baseline", str(aside))
    assert "\x1b]0;owned" not in result.stdout.str()
    text = " ".join(result.stdout.str().split())
    assert "UTC, \\x1b]0;owned\\x07<script>" in text
    assert "release of bill1: \\x1b]0;owned\\x07<script>" in text
    page = (site.pack() / "audit.html").read_text()
    assert "<script>alert(1)" not in page
    assert "\x1b" not in page
