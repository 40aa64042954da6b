"""The pytest plugin: each hook translates and delegates."""

from __future__ import annotations

import gc
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_portaswitch.runner import hookspecs, options, stash
from pytest_portaswitch.runner.ending import end_at_once, lines, set_aside
from pytest_portaswitch.runner.fixtures import (
    audit_facts,
    audit_host,
    audit_verdict,
    audits,
)
from pytest_portaswitch.runner.generate import generate
from pytest_portaswitch.runner.ini_file import demand_ini_file
from pytest_portaswitch.runner.outcome import Outcome, properties_of
from pytest_portaswitch.runner.prepare import prepare
from pytest_portaswitch.runner.recorder import RECORD, Recorder, record_of
from pytest_portaswitch.runner.repeats import Repeats
from pytest_portaswitch.runner.signals import hold_signals, interrupt_run_by_signal
from pytest_portaswitch.runner.subjects import Subjects
from pytest_portaswitch.runner.suites import (
    demand_cluster_file,
    demand_tests,
    point_to_shipped,
    refuse_other_suites,
)
from pytest_portaswitch.runner.unwritable import (
    StartFolder,
    finish_others,
    folder_above,
    refuse_folder,
    refuse_reports,
)
from pytest_portaswitch.text import show

if TYPE_CHECKING:
    from pytest_portaswitch.report.evidence import State

NOT_WRITTEN = 14
"""Exit code where something could not be written where it belongs. pytest's own are 0 to 6."""

NO_WORKERS = 15
"""Exit code where all workers of xdist died before one of them had collected."""

SUMMARISED = frozenset(pytest.ExitCode) - {pytest.ExitCode.INTERNAL_ERROR}
"""The exit codes with which pytest asks for what is to be said at the end."""

__all__ = ["audit_facts", "audit_host", "audit_verdict", "audits"]


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "portaswitch(*kinds): run the test for each planned check of these kinds"
    )
    config.addinivalue_line(
        "markers", "portaswitch_hosts(*roles): run the test for each host of these roles"
    )
    if not stash.is_worker(config):
        demand_ini_file(config)
    point_to_shipped(config)
    settings = options.settings_of(config)
    if not settings.clusters:
        return
    if not stash.is_worker(config):
        refuse_other_suites(config)
        refuse_reports(config)
    # Cleanups run in the opposite order: after pytest's own last look for garbage.
    config.add_cleanup(gc.unfreeze)
    set_aside()
    config.stash[stash.SETTINGS] = settings
    config.stash[stash.AUDITS] = prepare(config, settings)
    recorder = Recorder(config, config.stash[stash.AUDITS], settings)
    config.pluginmanager.register(Session(recorder), "portaswitch-session")
    config.pluginmanager.register(StartFolder(), "portaswitch-start-folder")
    facts_wanted = not options.judges_nothing(config)
    if stash.is_worker(config):
        from pytest_portaswitch.runner.distribution import Worker

        if facts_wanted:
            config.pluginmanager.register(Worker(config, recorder.audits), "portaswitch-xdist")
        return
    config.pluginmanager.register(Repeats(recorder), "portaswitch-repeats")
    end_at_once()
    interrupt_run_by_signal(config)
    distributed = config.pluginmanager.hasplugin("xdist") and config.getoption("dist") != "no"
    if distributed and facts_wanted:
        from pytest_portaswitch.runner.distribution import Controller

        config.pluginmanager.register(Controller(recorder), "portaswitch-xdist")
    if config.pluginmanager.hasplugin("html") and config.getoption("htmlpath", None):
        from pytest_portaswitch.runner.html import HtmlColumns

        config.pluginmanager.register(HtmlColumns(recorder), "portaswitch-html")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    # Not sooner: --help and --version need no cluster.
    if not stash.is_worker(session.config):
        demand_cluster_file(session.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    generate(metafunc)


class Session:
    """The hooks of a run that audits at least one cluster."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._told: Outcome | None = None
        """What the recorder learned last: a test has up to three reports."""
        self._session: pytest.Session | None = None
        self._holds_signals = False

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if not session.testsfailed:
            demand_tests(config, items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.recorder.take_selection(stash.tests_of(session.items))
        found = Subjects(self.recorder.audits, self.recorder.collected)
        session.config.stash[stash.SUBJECTS] = found

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        config = session.config
        # xdist's workers get the facts from its controller, which has no items of its own.
        broken = session.testsfailed and not config.option.continue_on_collection_errors
        if broken or options.judges_nothing(config) or stash.is_worker(config):
            return
        hosts = stash.hosts_asked(session.items)
        if self.recorder.collected or stash.is_controller(config):
            refuse_folder(config, self.recorder.audits)
            self.recorder.folder_above = folder_above(config.stash[stash.SETTINGS].audit_dir)
        # The controller of xdist selects nothing: its workers collect while this waits.
        self.recorder.observing = bool(self.recorder.collected or stash.is_controller(config))
        if self.recorder.collected or hosts:
            audits = self.recorder.audits
            stash.observe(config, audits, self.recorder.collected, hosts, session.items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        outcome = item.stash.get(stash.OUTCOME, None)
        if outcome is None or outcome is self._told:
            return report
        self._told = outcome
        setattr(report, RECORD, record_of(outcome, self.recorder.audits[outcome.cluster]))
        # Of the item too: JUnit takes the properties from the report of its teardown.
        properties = properties_of(outcome)
        item.user_properties += [p for p in properties if p not in item.user_properties]
        report.user_properties = list(item.user_properties)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not (self._session and stash.is_worker(self._session.config)):
            self.recorder.take(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # xdist's way to end a run with -x is a kind of interrupt, and pytest's with --stepwise.
        own = excinfo.type is not KeyboardInterrupt
        session = self._session
        stopped = session is not None and bool(session.shouldfail or session.shouldstop)
        self.recorder.interrupted = not (own and stopped)
        if session is not None and not stash.is_worker(session.config):
            self._hold_signals(session.config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        # Of pytest, of another plugin or of a worker: the facts are there, and nobody said to stop.
        # Told first: what tells it on the terminal may fail, too, such as of a pipe that ended.
        self.recorder.take_crash()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Write the evidence before other plugins write their reports.

        One of theirs that cannot be written keeps pytest from saying what came of the run.
        """
        config, recorder = session.config, self.recorder
        if stash.is_worker(config) or options.judges_nothing(config):
            return (yield)
        stopped = bool(session.shouldfail or session.shouldstop)
        self._hold_signals(config)
        no_workers = (
            stash.is_controller(config)
            and not (recorder.interrupted or stopped)
            and recorder.take_lost_workers()
        )
        recorder.judge_rest(stopped=recorder.interrupted or stopped)
        ended: State = "stopped" if stopped else "complete"
        recorder.write("interrupted" if recorder.interrupted else ended)
        try:
            yield
        except OSError as error:
            recorder.trouble += finish_others(session, error)
        status = session.exitstatus
        met = any(evidence.internal_errors for evidence, _ in recorder.written)
        if recorder.faults or (met and status == pytest.ExitCode.OK):
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        elif no_workers:
            session.exitstatus = NO_WORKERS
        elif recorder.trouble and status != pytest.ExitCode.INTERNAL_ERROR:
            session.exitstatus = NOT_WRITTEN
        terminal = config.pluginmanager.getplugin("terminalreporter")
        if terminal and status not in SUMMARISED:
            self.pytest_terminal_summary(terminal)

    def _hold_signals(self, config: pytest.Config) -> None:
        """From now on until the terminal has said all, which it does after everybody else."""
        if not self._holds_signals:
            self._holds_signals = True
            config.add_cleanup(hold_signals())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        found = self.recorder
        if found.written or found.faults or found.trouble or found.lost:
            terminalreporter.section("PortaSwitch audit")
            for line in lines(found):
                terminalreporter.write_line(show.line(line))
