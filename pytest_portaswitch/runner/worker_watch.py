"""Ends a worker of xdist that hangs.

xdist waits for a worker as long as it lives, and calls no hook meanwhile. So a thread of the
controller counts how long each worker that has something to do has sent nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TICK = 0.5
"""Seconds between two looks. They are counted, not the clock: a run that was stopped and goes on
has not waited."""
GRACE = 5.0
"""Seconds within which xdist should learn of a worker's end. It does not where a process that the
worker started holds its connection open."""


@dataclass
class _Worker:
    gateway: Any
    node: Any = None
    silent: float = 0.0
    """Seconds without an event while there was something to do."""
    tests: int = 0
    pending: int = 0
    """Tests that were sent to it and are not done."""
    collected: bool = False
    leaving: bool = False
    """Whether it was asked to end."""
    down: bool = False
    ended: bool = False
    """Whether it was ended from here."""

    @property
    def is_busy(self) -> bool:
        """A worker starts no test before it knows of the next, or that there is none."""
        return not self.collected or self.leaving or self.pending > 1

    def on_event(self, name: str, values: dict[str, Any]) -> None:
        self.silent = 0.0
        if name == "collectionfinish":
            self.collected, self.tests = True, len(values["ids"])
        elif name == "runtest_protocol_complete":
            self.pending -= 1
        elif name == "unscheduled":
            self.pending -= len(values["indices"])
        elif name in ("workerfinished", "errordown", "internal_error"):
            self.down = True

    def on_command(self, name: str, values: dict[str, Any]) -> None:
        self.silent = 0.0
        if name == "runtests":
            self.pending += len(values["indices"])
        elif name == "runtests_all":
            self.pending += self.tests
        elif name == "shutdown":
            self.leaving = True


class WorkerWatch:
    """The workers of one run. ``limit``: seconds for which one may send nothing."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._workers: dict[str, _Worker] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to count."""
        threading.Thread(target=self._run, name="portaswitch-worker-watch", daemon=True).start()

    def stop(self) -> None:
        """End no worker any more."""
        self._stopped.set()

    def add_gateway(self, gateway: Any) -> None:
        """Watch the process of a worker, which is not set up yet."""
        self._workers[gateway.id] = _Worker(gateway)

    def add_node(self, node: Any) -> None:
        """Hear of what a worker sends and is sent."""
        worker = self._workers.setdefault(node.gateway.id, _Worker(node.gateway))
        worker.node, put, send = node, node.putevent, node.sendcommand

        def putevent(event: tuple[str, dict[str, Any]]) -> None:
            worker.on_event(*event)
            put(event)

        def sendcommand(name: str, **values: object) -> None:
            worker.on_command(name, values)
            with contextlib.suppress(OSError):  # it died; xdist learns of it by the next event
                send(name, **values)

        node.putevent, node.sendcommand = putevent, sendcommand

    def has_ended(self, node: Any) -> bool:
        """Whether a worker was ended from here."""
        worker = self._workers.get(node.gateway.id)
        return worker is not None and worker.ended

    def end(self, node: Any) -> None:
        """End a worker at once."""
        self._end(self._workers[node.gateway.id])

    def _run(self) -> None:
        while not self._stopped.wait(TICK):
            for worker in [*self._workers.values()]:
                self._look_at(worker)

    def _look_at(self, worker: _Worker) -> None:
        if worker.down or not (worker.ended or worker.is_busy):
            return
        worker.silent += TICK
        if not worker.ended and worker.silent > self.limit:
            self._end(worker)
        elif worker.ended and worker.silent > GRACE and worker.node and not worker.node._down:
            worker.node._down = True
            worker.node.notify_inproc("errordown", node=worker.node, error="it hangs")

    def _end(self, worker: _Worker) -> None:
        worker.ended, worker.silent = True, 0.0
        kill: Callable[[], None] = worker.gateway._io.kill  # as execnet's own group.terminate does
        with contextlib.suppress(OSError):
            kill()
