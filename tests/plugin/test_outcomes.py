"""Verdicts become what pytest users expect: passed, failed, error, skipped, xfailed."""

from __future__ import annotations

import html
import json

import pytest

from pytest_portaswitch import Outcome, cluster, tables
from pytest_portaswitch.judge.verdict import Verdict, VerdictWord
from pytest_portaswitch.plan import expand

from .conftest import HERE, PLANNED, Site

WITHOUT_PORT = 4
"""Of which the tables give no port: Disconnector, Apache/FCGI, Cassandra; and the replica, which
nobody may look into without credentials."""
RTP = 4
"""Of which nobody can tell: the range from each peer of the one processing node ..."""


def totals(site: Site, cluster: str = "acme-prod") -> dict[str, int]:
    """The totals in the evidence of a site's run."""
    evidence = json.loads((site.pack(cluster) / "evidence.json").read_text())
    numbers: dict[str, int] = evidence["totals"]
    assert numbers["planned"] == sum(
        numbers[word] for word in ("passed", "failed", "unknown", "waived")
    )
    assert numbers["planned"] == len(evidence["checks"])
    return numbers


def test_a_healthy_cluster_passes_but_for_what_the_tables_do_not_say(site: Site) -> None:
    """Rows without a port are skipped, visibly; everything else passes."""
    result = site.audit("-rs")
    result.assert_outcomes(passed=PLANNED - WITHOUT_PORT, skipped=WITHOUT_PORT)
    assert result.ret == 0
    files = json.loads((site.pack() / "evidence.json").read_text())["run"]["files"]
    assert set(files) == {"acme.yaml", "services.yaml", "vendor.yaml"}
    assert all(len(digest) == 64 for digest in files.values())
    result.stdout.fnmatch_lines(["*SKIPPED*the vendor's table gives no port for this row*"])
    assert totals(site) == {
        "planned": PLANNED,
        "passed": PLANNED - WITHOUT_PORT,
        "failed": 0,
        "unknown": WITHOUT_PORT,
        "waived": 0,
    }


def test_a_failure_is_told_without_a_traceback(site: Site) -> None:
    """Expected, observed, cause on one line; the evidence; a command."""
    site.change("db1", "nothing-runs")
    result = site.audit("-k", "db1 and listener")
    result.assert_outcomes(failed=5)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "MySQL server listens on tcp/3306 of db1, for Alerter",
            "expected mysql-server on tcp/3306 at 10.0.0.3 of db1 / observed nothing listens "
            "on tcp/3306 at 10.0.0.3, and no process is called mysql-server "
            "/ cause mysql-server is not running on db1",
            "  by hand: ssh -l audit 10.0.0.3 'sudo ss -lntp \"sport = :3306\"'",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*.py:*: Failed*")


def test_a_host_that_is_down_is_an_error_of_all_its_checks_and_one_cause(site: Site) -> None:
    """Nothing of it disappears, and nothing of it passes or fails."""
    site.change("bill1", "down")
    result = site.audit()
    evidence = json.loads((site.pack() / "evidence.json").read_text())
    own = [c for c in evidence["checks"] if c["host"] == "bill1" and c["kind"] == "listener"]
    assert {check["verdict"] for check in own} == {"unknown"}
    (cause,) = [c for c in evidence["causes"] if "bill1 could not be looked at" in c["title"]]
    assert {check["id"] for check in own} <= set(cause["checks"])
    assert totals(site)["failed"] == 0
    assert result.parseoutcomes()["errors"] == len(cause["checks"])
    assert evidence["hosts"]["bill1"]["why"] == "connection-timeout"


def test_an_answer_that_was_due_and_did_not_come_is_an_error(site: Site) -> None:
    """UDP silence is neither open nor closed: no failure, and nothing to pass over either."""
    site.change("sip1", "udp-silent")
    result = site.audit("-k", "reachability and bill1 and sip1 and udp")
    result.assert_outcomes(errors=2)
    assert result.ret == 1
    assert totals(site)["unknown"] == 2
    result.stdout.fnmatch_lines(["acme-prod: COULD NOT BE ASSESSED *"])


def test_a_waiver_makes_an_expected_failure(site: Site) -> None:
    """With who, why and until when in the message."""
    site.change("db1", "nothing-runs")
    with (site.path / "acme.yaml").open("a") as file:
        file.write(
            "waivers:\n"
            "  - {check: 'listener:db1:*', reason: 'being moved', owner: noc@acme, "
            "until: 2999-01-31}\n"
        )
    result = site.audit("-k", "db1 and listener", "-rx")
    result.assert_outcomes(xfailed=5)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["XFAIL *waived until 2999-01-31 (UTC) by noc@acme: being moved*"])
    assert totals(site)["waived"] == 5


@pytest.mark.parametrize("option", [["--runxfail"], ["-p", "no:skipping"]])
@pytest.mark.parametrize("test", ["audit_verdict.hold()", "pass"])
def test_waived_failure_never_passes(site: Site, option: list[str], test: str) -> None:
    """Where pytest knows no expected failures it is an error; the evidence has it as waived."""
    site.change("db1", "nothing-runs")
    with (site.path / "acme.yaml").open("a") as file:
        file.write(
            "waivers: [{check: 'listener:db1:*', reason: x, owner: noc@acme, until: 2999-01-31}]\n"
        )
    (site.path / "suites" / "test_listeners.py").write_text(
        "import pytest\n"
        '@pytest.mark.portaswitch("listener")\n'
        f"def test_listener(audit_verdict): {test}\n"
    )
    site.audit("-k", "db1 and listener", *option).assert_outcomes(errors=5)
    assert totals(site)["waived"] == 5


@pytest.mark.parametrize("verdict", ["fail", "waived", "unknown"])
def test_hold_fails_unless_the_verdict_is_a_pass(verdict: VerdictWord) -> None:
    """Whatever let the test come so far."""
    checks = expand(tables.load("MR119"), cluster.load(HERE / "acme.yaml")).checks
    outcome = Outcome("acme-prod", checks[0], Verdict(verdict=verdict, expected="x", observed="y"))
    with pytest.raises(pytest.fail.Exception):
        outcome.hold()


def test_an_expired_waiver_excuses_nothing(site: Site) -> None:
    """It fails, and says that the waiver expired."""
    site.change("db1", "nothing-runs")
    with (site.path / "acme.yaml").open("a") as file:
        file.write(
            "waivers:\n"
            "  - {check: 'listener:db1:*', reason: 'x', owner: noc@acme, until: 2020-01-31}\n"
        )
    result = site.audit("-k", "db1 and listener")
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["*the waiver expired on 2020-01-31 (UTC), by noc@acme: x*"])


def test_a_warning_passes_and_stands_in_every_output(site: Site) -> None:
    """On the terminal, in the evidence and in the run log; and the run ends well."""
    site.change("web1", "old-release")
    result = site.audit("-k", "hygiene and web1 and release", "--html", "run.html")
    result.assert_outcomes(passed=1, deselected=PLANNED - 1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "acme-prod: COULD NOT BE ASSESSED (8 hosts, * seen, ????-??-?? ??:?? UTC)",
            "  partial *",
            "  warning   web1 has another release than the cluster file says (1 check)",
            "    seen    web1 has MR118",
            '    next    ssh -l audit 10.0.0.6 "rpm -q *',
        ]
    )
    evidence = json.loads((site.pack() / "evidence.json").read_text())
    (check,) = evidence["checks"]
    assert check["warnings"] == [
        "web1 has another release than the cluster file says: web1 has MR118"
    ]
    page = html.unescape(html.unescape((site.path / "run.html").read_text()))
    assert '<td class="col-verdict">pass, warning</td>' in page.replace('\\"', '"')
    assert "warning: web1 has another release" in page
    (cause,) = evidence["causes"]
    assert cause["id"] == "release:web1"
    assert cause["severity"] == "warning"
    assert f"warning: {cause['title']}" in html.unescape(html.unescape(page))
    audit = (site.pack() / "audit.html").read_text()
    assert f'<b class="v waived">warning</b> {cause["title"]}' in audit
    oscal = (site.pack() / "oscal-assessment-results.json").read_text()
    (observation,) = json.loads(oscal)["assessment-results"]["results"][0]["observations"]
    assert observation["remarks"] == f"Warning: {cause['title']}: web1 has MR118"


def test_a_warning_fails_where_the_cluster_file_makes_it_binding(site: Site) -> None:
    """By its name."""
    site.change("web1", "old-release")
    with (site.path / "acme.yaml").open("a") as file:
        file.write("hygiene: {fail: [release]}\n")
    result = site.audit("-k", "hygiene and web1 and release")
    result.assert_outcomes(failed=1, deselected=PLANNED - 1)


def test_a_waiver_that_matches_nothing_is_an_error_of_the_file(site: Site) -> None:
    """Before any host is looked at."""
    with (site.path / "acme.yaml").open("a") as file:
        file.write(
            "waivers:\n"
            "  - {check: 'listener:db1:mysqlserver-for-alerter:tcp-3306', reason: 'x', "
            "owner: noc@acme, until: 2999-01-31}\n"
        )
    result = site.audit()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            "ERROR: acme.yaml:18: waivers: 'listener:db1:mysqlserver-for-alerter:tcp-3306': "
            "matches no check of the plan "
            "(did you mean 'listener:db1:mysql-server-for-alerter:tcp-3306'?)"
        ]
    )
    assert site.observed() == []
