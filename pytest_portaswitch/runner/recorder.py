"""Collects what the items' reports say, on the controller, and writes the evidence at the end.

Items may have run in xdist's workers: then what is needed travels as JSON on their reports. What
makes evidence is imported where it is made: ``ending`` loads it while hosts are looked at.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from pytest_portaswitch.internal_error import REPORT, InternalError, attempt, attempt_but
from pytest_portaswitch.report.files import EVIDENCE, INDEX
from pytest_portaswitch.report.layout import folder_of
from pytest_portaswitch.runner.audits import Audit, Audits, Ref
from pytest_portaswitch.runner.options import Settings
from pytest_portaswitch.runner.outcome import Outcome
from pytest_portaswitch.text import command, show

if TYPE_CHECKING:
    from pytest_portaswitch.judge.verdict import Verdict
    from pytest_portaswitch.pack import Contents, Index, Stored
    from pytest_portaswitch.plan.check import Check
    from pytest_portaswitch.report.evidence import Evidence, Run, State

RECORD = "portaswitch_record"
"""The attribute of a report that carries a record; xdist sends plain data along."""


def record_of(outcome: Outcome, audit: Audit) -> str:
    """The record by which a verdict travels on a test's report."""
    from pytest_portaswitch.runner.record import Record

    record = Record(
        cluster=outcome.cluster,
        check=outcome.check.id,
        verdict=outcome.verdict,
        internal_errors=tuple(audit.internal_errors),
    )
    return msgspec.json.encode(record).decode()


class Recorder:
    """Verdicts and facts of a run, as they come in."""

    def __init__(self, config: pytest.Config, audits: Audits, settings: Settings) -> None:
        self.config = config
        self.audits = audits
        self.settings = settings
        self.verdicts: dict[Ref, Verdict] = {}
        self.collected: set[Ref] = set()
        self.interrupted = False
        self.observing = False
        """Whether hosts may have been contacted. After an import error, say, none was."""
        self.folder_above = Path(settings.audit_dir.anchor)
        """In it the folder of the evidence lies. Where it is gone at the end, it stays gone."""
        self.written: list[tuple[Evidence, Path]] = []
        self.kept: list[Path] = []
        """Folders of baselines that this run's packs would have replaced."""
        self.trouble: list[str] = []
        """What could not be written where it belongs, a line each."""
        self.index: Index | None = None
        """The page over all clusters, once it is written."""
        self.faults: list[InternalError] = []
        """What is in no evidence: it could not be put together, or was written already."""
        self.tests: dict[str, Ref] = {}
        """By node id, the check of each selected test that is about one."""
        self.lost: list[str] = []
        """What xdist's workers cost, a line each."""
        self.repeats = 0
        """Tests that pytest's summary leaves out, as their cause is told."""
        self._hung: set[Ref] = set()
        """Checks whose tests hung: what their judging does, this process does not try."""
        self._is_selected = False
        """Whether tests were collected, if only none."""
        self._crashed = False
        """Whether a worker died, or pytest itself met an error."""
        self._unjudged: set[Ref] = set()
        """Checks of tests that failed before the verdict was known."""

    def take(self, report: pytest.TestReport) -> None:
        """Read the record that came along with a report, perhaps from another process."""
        text = vars(report).pop(RECORD, None)
        if text is not None:
            from pytest_portaswitch.runner.record import Record

            record = msgspec.json.decode(text, type=Record)
            self.verdicts[Ref(record.cluster, record.check)] = record.verdict
            self.audits[record.cluster].internal_errors.update(record.internal_errors)
        elif report.failed and report.nodeid in self.tests:
            self._unjudged.add(self.tests[report.nodeid])

    def take_selection(self, tests: Mapping[str, Ref]) -> None:
        """Learn which checks were selected. Every worker of xdist selects the same."""
        self._is_selected = True
        self.tests.update(tests)
        self.collected.update(tests.values())

    def take_hung_test(self, nodeid: str, line: str) -> None:
        """Learn that a test hung, and what is said of that."""
        ref = self.tests.get(nodeid)
        self._hung.update([ref] if ref else ())
        self.lost.append(line)

    def take_lost_workers(self) -> bool:
        """Learn that the run is over; whether all workers died before one named its checks.

        What was selected nobody knows then: all that is planned is unknown.
        """
        if self._is_selected or not self._crashed:
            return False
        self.collected.update(self.audits.refs(()))
        self.lost.append(
            "all workers died before they named their checks: no host was contacted, all checks "
            "are unknown (run pytest without -n to see why)"
        )
        return True

    def take_crash(self) -> None:
        """Learn that a worker died, or that pytest itself met an error."""
        self._crashed = True

    def judge_rest(self, *, stopped: bool) -> None:
        """Judge what was selected and observed, and what no test came to tell.

        A test may fail before its verdict is known, by another fixture or as its process dies, and
        nothing may run the rest. Where somebody ``stopped`` the run, what it did not come to stays
        unknown.
        """
        rest = self.collected if self._crashed and not stopped else self._unjudged
        for ref in sorted(
            rest - self.verdicts.keys() - self._hung, key=lambda ref: (ref.cluster, ref.check)
        ):
            audit = self.audits[ref.cluster]
            if audit.seen:
                verdict = self.verdicts[ref] = self.audits.verdict(ref)
                told = attempt("site-hook", ref.check, self._tell_verdict, audit, ref, verdict)
                if isinstance(told, InternalError):
                    audit.internal_errors.add(told)

    def _tell_verdict(self, audit: Audit, ref: Ref, verdict: Verdict) -> None:
        self.config.hook.pytest_portaswitch_verdict(
            config=self.config,
            cluster=audit.cluster,
            check=audit.check(ref.check),
            verdict=verdict,
        )

    def write(self, state: State) -> None:
        """Write the evidence of every cluster of which a check was selected, and the index.

        What cannot be written is in ``trouble`` afterwards; the rest is written all the same.
        """
        from pytest_portaswitch.pack import write_index

        finished = datetime.datetime.now(datetime.timezone.utc)
        self._write_packs(state, finished)
        if not self.written:
            return
        directory = self.settings.audit_dir
        try:
            index = attempt_but(
                OSError, "rendering", INDEX, lambda: write_index(directory, finished)
            )
        except OSError as error:
            self.trouble.append(f"{directory / INDEX}: cannot be written: {_why(error)}")
            return
        if isinstance(index, InternalError):
            self.faults.append(index)
        else:
            self.index = index

    def _write_packs(self, state: State, finished: datetime.datetime) -> None:
        for audit in self.audits.each():
            name = audit.cluster.name
            checks = [c for c in audit.plan.checks if Ref(name, c.id) in self.collected]
            if not checks:
                continue
            done = {c.id: v for c in checks if (v := self.verdicts.get(Ref(name, c.id)))}
            if not done and not audit.seen and not self.observing:
                continue
            made = attempt("evidence", name, self._made, audit, checks, done, state, finished)
            if isinstance(made, InternalError):
                self.faults.append(made)
                continue
            path = attempt("evidence", name, self._write_pack, made)
            if isinstance(path, InternalError):
                self.faults.append(path)
                continue
            self.written.append((made.evidence, path))
            told = attempt("site-hook", name, self._tell, audit, path)
            if isinstance(told, InternalError):
                self.faults.append(told)

    def _write_pack(self, pack: Contents) -> Path:
        """Write one cluster's pack; returns where its evidence is, or should be."""
        from pytest_portaswitch.pack import files_of, store, store_elsewhere

        cluster, whole = pack.evidence.cluster, pack.evidence.run.whole
        audit_dir, before = self.settings.audit_dir, self.audits.before.get(cluster)
        place = folder_of(audit_dir, cluster, whole=whole)
        files, unsigned = files_of(pack, self.settings.sign)
        if unsigned:
            self.trouble.append(f"{place}: the evidence is written and not signed: {unsigned}")
        in_the_way = before is not None and before.path.parent.resolve() == place.resolve()
        first = _attempt_to_store(
            lambda: store(files, cluster, self._audit_dir(), self.settings.keep, whole=whole)
        )
        if isinstance(first, str):
            why = f"{place}: cannot be written: {first}"
            stored = _attempt_to_store(lambda: store_elsewhere(files, cluster, whole=whole))
            if isinstance(stored, str):
                self.trouble.append(f"{why}; nor anywhere else: {stored}")
                return place / EVIDENCE
            self.trouble.append(
                f"{why}; the pack is in {stored.folder}: once that is mended, "
                + command.shell(
                    "pytest-portaswitch", "merge", str(stored.folder), "--output", str(audit_dir)
                )
            )
        else:
            stored = first
            self.kept += stored.earlier if in_the_way else ()
        self.trouble += stored.trouble
        return stored.folder / EVIDENCE

    def _audit_dir(self) -> Path:
        """The folder of the evidence. Raises OSError where what it lies in is no longer there."""
        self.folder_above.stat()
        return self.settings.audit_dir

    def _tell(self, audit: Audit, path: Path) -> None:
        self.config.hook.pytest_portaswitch_evidence(
            config=self.config, cluster=audit.cluster, path=path
        )

    def _made(
        self,
        audit: Audit,
        checks: list[Check],
        done: dict[str, Verdict],
        state: State,
        finished: datetime.datetime,
    ) -> Contents:
        """The files of one cluster."""
        from pytest_portaswitch.pack import make
        from pytest_portaswitch.report.baseline import with_baseline
        from pytest_portaswitch.report.evidence import gather

        run = describe(
            state="complete" if len(done) == len(checks) and state == "stopped" else state,
            started=self.audits.moment,
            finished=finished,
            arguments=self.config.invocation_params.args,
            tables=audit.tables.title,
            files=audit.sums,
            limits=self.settings.limits,
            deselected=len(audit.plan.checks) - len(checks),
        )
        evidence = gather(
            cluster=audit.cluster,
            tables=audit.tables,
            plan=audit.plan,
            run=run,
            checks=checks,
            verdicts=done,
            hosts=audit.seen,
            internal_errors=audit.internal_errors,
        )
        return make(with_baseline(evidence, self.audits.before.get(audit.cluster.name)))


def _attempt_to_store(work: Callable[[], Stored]) -> Stored | str:
    """Where the pack is, or why it could not be written."""
    try:
        stored = attempt_but(OSError, "evidence", "store", work)
    except OSError as error:
        return _why(error)
    return f"{stored.title}; {REPORT}" if isinstance(stored, InternalError) else stored


def _why(error: OSError) -> str:
    """In a line."""
    return show.line(error.strerror or str(error))


def describe(**told: Any) -> Run:
    """How this run came to be; see ``provenance.describe``."""
    from pytest_portaswitch.report import provenance

    return provenance.describe(**told)
