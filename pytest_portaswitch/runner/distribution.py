"""Under xdist the controller observes, once, and every worker gets the facts before its first test.

So it does not matter which worker runs which test, how often, and which one dies: every verdict
rests on the same facts, and the controller can judge what a dead worker left.

The processes talk over an execnet channel of their own: xdist starts a worker with
``workerinput``, and execnet sends a channel like any other value. On one connection messages keep
their order: a worker names what it selected before xdist's ``collectionfinish``, and the controller
answers before xdist sends the first test.

Where every worker runs on another machine (``--tx ssh=...``), the controller may reach no host of
the cluster, so the first worker observes for all.

A worker that hangs is ended (``worker_watch``), and xdist replaces it, a bounded number of times.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeVar

import execnet
import msgspec
import pytest
from xdist.scheduler import LoadFileScheduling, LoadGroupScheduling, LoadScopeScheduling

from pytest_portaswitch.runner import stash
from pytest_portaswitch.runner.audits import Audits
from pytest_portaswitch.runner.record import Selection, Visit
from pytest_portaswitch.runner.recorder import Recorder
from pytest_portaswitch.runner.worker_watch import WorkerWatch
from pytest_portaswitch.text import show

Message = TypeVar("Message", Selection, Visit)

CHANNEL = "portaswitch_channel"
OBSERVE = "observe"
_PATIENCE = 60.0
"""Seconds to wait for what has been sent already."""


class Channel(Protocol):
    """The part of ``execnet.Channel`` that is used here."""

    def send(self, item: object) -> None: ...

    def receive(self, timeout: float | None = None) -> Any: ...

    def setcallback(self, callback: Callable[[Any], object]) -> None: ...


def _workers(tx: list[str]) -> int:
    """How many workers --tx asks for: ``3*popen`` are three."""
    counts = (spec.partition("*") for spec in tx)
    return sum(int(count) if star and count.isdecimal() else 1 for count, star, _ in counts)


class Controller:
    """The hooks of xdist in the process that starts the workers."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._channels: dict[Any, Channel] = {}
        self._visit = b""
        self._watch = WorkerWatch(recorder.settings.worker_timeout)
        option = recorder.config.option
        if option.maxworkerrestart is None and not option.numprocesses:
            # As with -n. Else xdist replaces workers that die for ever.
            option.maxworkerrestart = str(4 * _workers(option.tx))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Generator[None, object, object]:
        """Start the workers. Raises pytest.UsageError where that fails."""
        self._watch.start()
        try:
            return (yield)
        except (EOFError, OSError, execnet.RemoteError, execnet.HostNotFound) as error:
            self._watch.stop()
            why = str(error).strip() or type(error).__name__
            last = why.splitlines()[-1]
            raise pytest.UsageError(
                show.line(
                    f"xdist cannot start its workers: {last}; no host was contacted (run pytest "
                    "without -n)"
                )
            ) from None

    def pytest_xdist_newgateway(self, gateway: Any) -> None:
        """Watch a worker from its start."""
        self._watch.add_gateway(gateway)

    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker its channel."""
        self._channels[node] = node.workerinput[CHANNEL] = node.gateway.newchannel()
        self._watch.add_node(node)

    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        """What a test does that hangs is not tried again."""
        node: Any = vars(report)["node"]
        if self._watch.has_ended(node):
            why = f"sent nothing for {self._watch.limit:g} s (--worker-timeout)"
            report.longrepr = f"worker {node.gateway.id!r} was ended: {crashitem!r} {why}"
            self.recorder.take_hung_test(crashitem, show.line(f"{crashitem}: its worker {why}"))

    def pytest_unconfigure(self) -> None:
        """Nothing is waited for any more."""
        self._watch.stop()

    def pytest_xdist_node_collection_finished(self, node: Any) -> None:
        """Observe what the first worker selected, and hand the facts to this one."""
        channel = self._channels[node]
        with contextlib.suppress(EOFError, OSError):  # it died; xdist starts another one
            selection = _read(channel.receive(_PATIENCE), Selection, node)
            self.recorder.take_selection(selection.tests)
            if not self._visit:
                self._visit = self._observe(selection, node, channel)
            channel.send(self._visit)

    def _observe(self, selection: Selection, node: Any, channel: Channel) -> bytes:
        audits = self.recorder.audits
        if any(_is_here(spec) for spec in node.nodemanager.specs):
            stash.observe(node.config, audits, selection.tests.values(), selection.hosts)
        else:
            channel.send(OBSERVE)
            try:
                visit = _read(channel.receive(_longest_visit(audits)), Visit, node)
            except execnet.TimeoutError:
                self._watch.end(node)
                raise
            audits.take(visit.seen, visit.internal_errors, audits.moment)
        return _visit(audits)

    def pytest_testnodedown(self, error: object) -> None:
        """A worker that died leaves tests that no other one may run."""
        if error:
            self.recorder.take_crash()

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Mend the schedulers of xdist that do not survive the death of a worker."""
        mended = {
            "loadscope": _Scope,
            "loadfile": _File,
            "loadgroup": _Group,
        }.get(config.getvalue("dist"))
        return mended(config, log) if mended else None


def _read(message: object, kind: type[Message], node: Any) -> Message:
    """Read what a worker sent. Raises pytest.UsageError where it is not what ours would send."""
    if isinstance(message, bytes):
        with contextlib.suppress(msgspec.DecodeError, KeyError):
            return msgspec.msgpack.decode(message, type=kind)
    why = message if isinstance(message, str) else "it runs another version of pytest-portaswitch"
    raise pytest.UsageError(show.line(f"worker {node.gateway.id} ({node.gateway.spec}): {why}"))


def _visit(audits: Audits) -> bytes:
    return msgspec.msgpack.encode(
        Visit(
            moment=audits.moment,
            seen={audit.cluster.name: audit.seen for audit in audits.each()},
            internal_errors={audit.cluster.name: audit.internal_errors for audit in audits.each()},
        )
    )


def _is_here(spec: Any) -> bool:
    """Whether a worker runs on the controller's machine."""
    return bool(spec.popen) and not spec.via


def _longest_visit(audits: Audits) -> float:
    """Seconds after which the hosts were visited, or their worker hangs."""
    hosts, limits = sum(len(audit.cluster.hosts) for audit in audits.each()), audits.limits
    return _PATIENCE + 2 * limits.host_timeout * (hosts // limits.parallel + 1)


class Worker:
    """The hooks of one worker."""

    def __init__(self, config: Any, audits: Audits) -> None:
        self.audits = audits
        if CHANNEL not in config.workerinput:
            raise pytest.UsageError(
                "a worker of xdist has a cluster file and its controller has none: give --cluster "
                "on the command line"
            )
        self._channel: Channel = config.workerinput[CHANNEL]
        self._visit = b""
        self._has_visit = threading.Event()
        self._selection: Selection | None = None
        self._is_ready = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Name what was selected, before xdist says that the collection is over."""
        self._selection = Selection(
            tests=stash.tests_of(session.items),
            hosts=stash.hosts_asked(session.items),
        )
        self._channel.send(msgspec.msgpack.encode(self._selection))
        self._channel.setcallback(self._on_message)

    def _on_message(self, message: object) -> None:
        """Called in the thread that receives for xdist, too: nothing may take long here."""
        if message == OBSERVE:
            # pytest's thread waits for xdist, whose word may be to end.
            threading.Thread(target=self._observe, name="portaswitch-visit", daemon=True).start()
        elif isinstance(message, bytes):
            self._visit = message
            self._has_visit.set()

    def _observe(self) -> None:
        assert self._selection
        try:
            self.audits.observe(self._selection.tests.values(), self._selection.hosts)
            told: bytes | str = _visit(self.audits)
        except BaseException as error:  # the controller waits
            told = f"it could not observe: {type(error).__name__}"
        self._channel.send(told)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Read the facts before the first test, and before any plugin takes its time."""
        if not self._is_ready:
            if not self._has_visit.wait(_PATIENCE):
                raise RuntimeError("xdist's controller sent no facts")
            visit = msgspec.msgpack.decode(self._visit, type=Visit)
            self.audits.take(visit.seen, {}, visit.moment)
            self._is_ready, self._visit = True, b""
        return (yield)


class _Survives(LoadScopeScheduling):
    """Goes on after a worker's death.

    xdist 3.8 puts all of a dead worker's tests back into its queue: those that are done, for which
    the next worker waits for ever, and the one that killed it, which kills the next. It also hands
    a new worker one group, of perhaps one test, and a worker starts no test before it knows of the
    next (pytest-xdist issues 1323, 1327, 1371 and 1378).
    """

    def remove_node(self, node: Any) -> str | None:
        """Return the test during which a worker died, if any; others get the rest."""
        groups = self.assigned_work.pop(node)
        left = [test for group in groups.values() for test, done in group.items() if not done]
        for scope, group in groups.items():
            rest = {test: False for test, done in group.items() if not done and test != left[0]}
            if rest:
                self.workqueue[scope] = rest
        for other in self.nodes:
            self._reschedule(other)
        return left[0] if left else None

    def _reschedule(self, node: Any) -> None:
        if node not in self.registered_collections:
            return  # it is new; what it collected comes later
        super()._reschedule(node)
        while (
            self.workqueue
            and not node.shutting_down
            and self._pending_of(self.assigned_work[node]) < 2
        ):
            self._assign_work_unit(node)


class _Scope(_Survives):
    pass


class _File(_Survives, LoadFileScheduling):
    pass


class _Group(_Survives, LoadGroupScheduling):
    pass
