"""Whatever xdist does with tests and workers, hosts are visited once and the pack holds."""

from __future__ import annotations

import json

import pytest

from pytest_portaswitch.pack import verify
from pytest_portaswitch.runner.plugin import NO_WORKERS

from .conftest import PLANNED, ROOT, Site
from .test_judging_nothing import contents
from .test_outcomes import WITHOUT_PORT, totals

ALL_HOSTS = ["bill1", "config", "db1", "db2", "proc1", "sip1", "sip2", "web1"]
MODES = ("load", "loadscope", "loadfile", "loadgroup", "worksteal", "each")


def assert_whole(site: Site) -> None:
    """One visit, a verdict for every check, and a pack that holds."""
    assert site.observed() == [ALL_HOSTS]
    pack = site.pack("acme-prod")
    assert verify(pack).problems == ()
    evidence = json.loads((pack / "evidence.json").read_text())
    assert evidence["run"]["state"] == "complete"
    assert evidence["run"]["deselected"] == 0
    assert totals(site)["passed"] == PLANNED - WITHOUT_PORT
    assert len(evidence["hosts"]) == len(ALL_HOSTS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_every_distribution_visits_hosts_once(site: Site, mode: str) -> None:
    result = site.audit_in_subprocess("-n", "2", "--dist", mode)
    assert result.ret == 0
    assert_whole(site)


DEATHS = [
    (mode, workers, moment, way)
    for mode, workers, moment, way in (
        ("load", 1, "first", "exit"),
        ("load", 2, "middle", "kill"),
        ("load", 1, "last", "segfault"),
        ("load", 1, "last-teardown", "exit"),
        ("load", 2, "last-done", "kill"),
        ("load", 1, "start", "kill"),
        ("load", 1, "collected", "kill"),
        ("load", 1, "finish", "kill"),
        ("loadscope", 1, "middle", "kill"),
        ("loadscope", 2, "last", "exit"),
        ("loadfile", 1, "last-teardown", "kill"),
        ("loadgroup", 1, "middle", "kill"),
        ("worksteal", 2, "middle", "kill"),
        ("worksteal", 1, "last-done", "exit"),
        ("each", 2, "middle", "exit"),
        ("each", 1, "last", "kill"),
    )
]


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "workers", "moment", "way"), DEATHS)
def test_a_dead_worker_loses_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, mode: str, workers: int, moment: str, way: str
) -> None:
    """What it left, xdist's other workers judge, or the controller: from the same facts."""
    die(site, monkeypatch, f"{moment}:{way}")
    site.audit_in_subprocess("-n", str(workers), "--dist", mode, "-p", "tests.plugin.dying")
    assert (site.path / "deaths").exists()
    assert_whole(site)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["load", "loadscope", "worksteal"])
@pytest.mark.parametrize("restarts", [None, "0"])
def test_a_check_that_kills_every_worker_is_judged_by_the_controller(
    site: Site, monkeypatch: pytest.MonkeyPatch, mode: str, restarts: str | None
) -> None:
    """And all that no worker was left for."""
    die(site, monkeypatch, "middle:kill", times=99)
    limit = ["--max-worker-restart", restarts] if restarts else []
    result = site.audit_in_subprocess("-n", "1", "--dist", mode, *limit, "-p", "tests.plugin.dying")
    assert result.ret == 1
    assert_whole(site)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["loadscope", "loadgroup"])
def test_workers_that_are_told_to_end_get_no_further_tests(
    site: Site, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Where no dead worker is replaced, xdist ends the others: with a test to run they fail it."""
    die(site, monkeypatch, "first:segfault")
    result = site.audit_in_subprocess(
        "-n", "3", "--dist", mode, "--max-worker-restart", "0", "-p", "tests.plugin.dying"
    )
    assert result.ret == 1
    assert_whole(site)


HANGS = [
    ("load", 1, "middle", "hang"),
    ("loadfile", 1, "first", "hang-with-a-child"),
    ("load", 1, "start", "stop"),
    ("worksteal", 2, "finish", "stop"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "workers", "moment", "way"), HANGS)
def test_worker_that_hangs_is_ended_and_replaced(
    site: Site, monkeypatch: pytest.MonkeyPatch, mode: str, workers: int, moment: str, way: str
) -> None:
    """xdist alone would wait for ever. The test that hung is unknown, all others are judged."""
    die(site, monkeypatch, f"{moment}:{way}")
    result = site.audit_in_subprocess(
        "-n", str(workers), "--dist", mode, "--worker-timeout", "2", "-p", "tests.plugin.dying"
    )
    assert (site.path / "deaths").exists()
    assert site.observed() == [ALL_HOSTS]
    assert verify(site.pack("acme-prod")).problems == ()
    if moment in ("middle", "first"):
        assert result.ret == 1
        assert totals(site)["unknown"] == WITHOUT_PORT + 1
        result.stdout.fnmatch_lines(
            [
                "worker 'gw?' was ended: 'suites/test_*' sent nothing for 2 s (--worker-timeout)",
                "acme-prod: COULD NOT BE ASSESSED *",
                "XDIST: suites/test_*: its worker sent nothing for 2 s (--worker-timeout)",
            ]
        )
    else:
        assert_whole(site)


NONE_IS_LEFT = [
    ("start:exit", 2, ["-n", "1", "--max-worker-restart", "1"]),
    ("collecting:stop", 2, ["-n", "2", "--max-worker-restart", "0"]),
    # Where -n is not given, xdist has no bound of its own.
    ("collecting:kill", 5, ["--tx", "popen", "--dist", "load"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("dies", "deaths", "how"), NONE_IS_LEFT)
def test_where_all_workers_die_before_they_collected_a_pack_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch, dies: str, deaths: int, how: list[str]
) -> None:
    site.audit()
    before = contents(site.path / "reports" / "acme-prod")
    die(site, monkeypatch, dies, times=99)
    result = site.audit_in_subprocess(*how, "--worker-timeout", "2", "-p", "tests.plugin.dying")
    assert len((site.path / "deaths").read_text().splitlines()) == deaths
    assert result.ret == NO_WORKERS
    assert site.observed() == [ALL_HOSTS]  # of the run before
    result.stdout.fnmatch_lines(
        [
            "acme-prod: COULD NOT BE ASSESSED *",
            f"  checks    {PLANNED} = 0 passed + 0 failed + {PLANNED} unknown + 0 waived",
            "XDIST: all workers died before they named their checks: no host was contacted, all "
            "checks are unknown (run pytest without -n to see why)",
        ]
    )
    assert contents(site.path / "reports" / "acme-prod") == before
    partial = site.path / "reports" / "_partial" / "acme-prod"
    assert verify(partial).problems == ()
    [cause] = json.loads((partial / "evidence.json").read_text())["causes"]
    assert cause["title"] == "its test was skipped, or its worker died, before it was judged"


CANNOT_START = """
import execnet

def refuse(self, spec):
    raise {error}

execnet.Group.makegateway = refuse
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("EOFError()", "EOFError"),
        ("OSError(11, 'Resource temporarily unavailable')", "* Resource temporarily unavailable"),
        ("execnet.HostNotFound('bastion')", "bastion"),
    ],
)
def test_workers_that_cannot_be_started_are_refused_in_a_sentence(
    site: Site, error: str, why: str
) -> None:
    (site.path / "cannot.py").write_text(CANNOT_START.format(error=error))
    result = site.audit_in_subprocess("-n", "1", "-p", "cannot")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: xdist cannot start its workers: {why}; no host was contacted (run pytest "
            "without -n)"
        ]
    )


def die(site: Site, monkeypatch: pytest.MonkeyPatch, how: str, times: int = 1) -> None:
    monkeypatch.setenv("DIES", how)
    monkeypatch.setenv("DIES_TIMES", str(times))
    monkeypatch.setenv("DEATHS", str(site.path / "deaths"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


OWN_PARAMETER = """
import pytest

@pytest.mark.parametrize("attempt", ["1-2", "bill1:config"])
@pytest.mark.portaswitch("listener")
def test_own(audit_verdict, attempt):
    audit_verdict.hold()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_a_second_parameter_changes_nothing(site: Site, how: list[str]) -> None:
    """A check may be run many times, with ids in which its own stands among others."""
    (site.path / "suites" / "test_listeners.py").write_text(OWN_PARAMETER)
    assert site.audit_in_subprocess(*how).ret == 0
    assert_whole(site)


ASKS_FACTS = """
def test_facts(audit_facts):
    assert audit_facts.processes

def test_others(audits):
    assert audits.facts("acme-prod", "sip1").processes
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_what_site_tests_ask_of_hosts_is_seen_in_the_same_visit(site: Site, how: list[str]) -> None:
    """What cannot be known beforehand is asked aside, and is in no evidence."""
    (site.path / "suites" / "test_own.py").write_text(ASKS_FACTS)
    chosen = "(process and web1) or (test_facts and bill1) or test_others"
    site.audit_in_subprocess("-k", chosen, *how).assert_outcomes(passed=5)
    assert site.observed() == [["bill1", "web1"], ["sip1"]]
    pack = site.pack("acme-prod")
    assert verify(pack).problems == ()
    evidence = json.loads((pack / "evidence.json").read_text())
    assert sorted(evidence["hosts"]) == ["bill1", "web1"]


FORKS = """
import os, pickle, pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        if "web1" in item.nodeid and "process" in item.nodeid:
            os._exit(139)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        plain = item.config.hook.pytest_report_to_serializable
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump([plain(config=item.config, report=report) for report in reports], pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    whole = item.config.hook.pytest_report_from_serializable
    reports = [whole(config=item.config, data=one) for one in pickle.loads(data)] if data else [
        pytest.TestReport(item.nodeid, item.location, {}, "failed", "crashed", "call")
    ]
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_tests_that_run_in_processes_of_their_own_lose_nothing(site: Site, how: list[str]) -> None:
    """Not even those that crash."""
    (site.path / "forks.py").write_text(FORKS)
    result = site.audit_in_subprocess("-p", "forks", *how)
    assert result.parseoutcomes()["failed"] == 3
    assert_whole(site)


BROKEN_FIXTURE = """
import pytest

@pytest.fixture(autouse=True)
def broken():
    raise ValueError("the site's own")
"""


def test_check_whose_test_fails_before_the_verdict_is_judged_all_the_same(site: Site) -> None:
    (site.path / "suites" / "conftest.py").write_text(BROKEN_FIXTURE)
    assert site.audit().parseoutcomes()["errors"] == PLANNED
    assert_whole(site)


def test_check_whose_test_is_skipped_by_the_site_stays_unknown(site: Site) -> None:
    module = site.path / "suites" / "test_processes.py"
    module.write_text(f"{module.read_text()}\npytestmark = pytest.mark.skip\n")
    site.audit("-k", "process and web1").assert_outcomes(skipped=3)
    assert totals(site)["unknown"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
@pytest.mark.parametrize(
    "options", [["--count", "2"], ["--reruns", "1"], ["-p", "shuffled"]], ids=lambda words: words[0]
)
def test_repeated_and_shuffled_tests_change_nothing(
    site: Site, options: list[str], how: list[str]
) -> None:
    for plugin in ("pytest_repeat", "pytest_rerunfailures"):
        pytest.importorskip(plugin)
    (site.path / "shuffled.py").write_text(
        "import random\ndef pytest_collection_modifyitems(items): random.Random(7).shuffle(items)\n"
    )
    site.audit_in_subprocess(*options, *how)
    assert_whole(site)


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_visit_counts_as_no_tests_time(site: Site, how: list[str]) -> None:
    """A visit takes longer than pytest-timeout grants a test."""
    pytest.importorskip("pytest_timeout")
    site.change("web1", "slow")
    result = site.audit_in_subprocess("--timeout", "2.5", *how)
    assert result.ret == 0
    assert_whole(site)


INTERNAL_ERROR = """
def pytest_runtest_protocol(item):
    if "web1" in item.nodeid and "process" in item.nodeid:
        raise ValueError("of another plugin")
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_internal_error_of_pytest_loses_nothing(site: Site, how: list[str]) -> None:
    (site.path / "broken.py").write_text(INTERNAL_ERROR)
    result = site.audit_in_subprocess("-p", "broken", *how)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert_whole(site)


OUTPUT_ENDS = """
def pytest_sessionstart(session):
    global config
    config = session.config

def pytest_runtest_logreport(report):
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if terminal:
        terminal._tw._file = open("/dev/full", "w")
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_an_output_that_takes_no_more_loses_nothing(site: Site, how: list[str]) -> None:
    """Such as ``| less`` that was left, or a log on a full disk: nobody said to stop."""
    (site.path / "ends.py").write_text(OUTPUT_ENDS)
    result = site.audit_in_subprocess("-p", "ends", *how)
    assert result.ret != 0
    assert_whole(site)


AFAR = """
from pytest_portaswitch.runner import distribution

distribution._is_here = lambda spec: False
"""


@pytest.mark.slow
def test_where_all_workers_are_elsewhere_the_first_one_observes_for_all(site: Site) -> None:
    """As from a bastion, with ``--tx ssh=...``."""
    (site.path / "afar.py").write_text(AFAR)
    assert site.audit_in_subprocess("-p", "afar", "-n", "2").ret == 0
    assert_whole(site)


@pytest.mark.slow
def test_worker_elsewhere_that_dies_while_it_observes_is_replaced(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(site, monkeypatch, "observing:kill")
    (site.path / "afar.py").write_text(AFAR)
    site.audit_in_subprocess("-p", "afar", "-p", "tests.plugin.dying", "-n", "1")
    assert (site.path / "deaths").exists()
    assert site.observed() == [ALL_HOSTS]
    assert verify(site.pack("acme-prod")).problems == ()
    assert totals(site)["passed"] == PLANNED - WITHOUT_PORT


@pytest.mark.slow
def test_worker_elsewhere_that_cannot_observe_ends_the_run_with_a_reason(site: Site) -> None:
    """Nobody waits for it."""
    (site.path / "afar.py").write_text(AFAR + "distribution.Audits.observe = lambda *_: [][0]\n")
    result = site.audit_in_subprocess("-p", "afar", "-n", "1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: worker gw0 (*popen*): it could not observe: IndexError"])


@pytest.mark.slow
def test_worker_of_another_version_ends_the_run_with_a_reason(site: Site) -> None:
    (site.path / "older.py").write_text(
        "from pytest_portaswitch.runner import distribution as d, stash\n"
        "stash.tests_of = lambda items: {'a': 'b'}\n"
    )
    result = site.audit_in_subprocess("-p", "older", "-n", "1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: worker gw0 (*popen*): it runs another version of pytest-portaswitch"]
    )
