"""Which workers of xdist are waited for, and which are ended."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_portaswitch.runner import worker_watch
from pytest_portaswitch.runner.worker_watch import GRACE, TICK, WorkerWatch

LIMIT = 10 * TICK


class Gateway:
    """Of execnet: a process that can be ended, once."""

    def __init__(self) -> None:
        self.id = "gw0"
        self.killed = 0
        self._io = self

    def kill(self) -> None:
        self.killed += 1


class Node:
    """Of xdist: what a worker sends goes to ``putevent``, what it is sent to ``sendcommand``."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.commands: list[str] = []
        self._down = False

    def putevent(self, event: tuple[str, dict[str, Any]]) -> None:
        self.events.append(event)

    def sendcommand(self, name: str, **_values: object) -> None:
        if self._down:
            raise OSError("cannot send (already closed?)")
        self.commands.append(name)

    def notify_inproc(self, name: str, **values: Any) -> None:
        self.putevent((name, values))


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def watch(gateway: Gateway) -> WorkerWatch:
    watch = WorkerWatch(LIMIT)
    watch.add_gateway(gateway)
    return watch


@pytest.fixture
def node(watch: WorkerWatch, gateway: Gateway) -> Node:
    node = Node(gateway)
    watch.add_node(node)
    return node


def wait(watch: WorkerWatch, seconds: float) -> None:
    for _ in range(round(seconds / TICK)):
        for worker in watch._workers.values():
            watch._look_at(worker)


COLLECTED = ("collectionfinish", {"ids": ["a", "b", "c"]})
DONE = ("runtest_protocol_complete", {"item_index": 0, "duration": 0.1})


def test_worker_that_does_not_even_start_is_ended(watch: WorkerWatch, gateway: Gateway) -> None:
    wait(watch, LIMIT)
    assert not gateway.killed
    wait(watch, 2 * TICK)
    assert gateway.killed == 1
    wait(watch, 2 * GRACE)
    assert gateway.killed == 1


def test_worker_that_goes_on_is_not_ended(watch: WorkerWatch, node: Node) -> None:
    """Each event counts, and each test that it is sent."""
    for event in (("workerready", {"workerinfo": {}}), COLLECTED):
        wait(watch, LIMIT)
        node.putevent(event)
    wait(watch, LIMIT * 9)  # it waits for a test
    node.sendcommand("runtests", indices=[0, 1])
    for _ in range(3):
        wait(watch, LIMIT)
        node.putevent(("logstart", {}))
    node.putevent(DONE)
    wait(watch, LIMIT * 9)  # for the next one, without which it starts none
    node.sendcommand("runtests", indices=[2])
    wait(watch, LIMIT)
    node.putevent(("unscheduled", {"indices": [2]}))
    wait(watch, LIMIT * 9)
    assert not node.gateway.killed
    assert [name for name, _ in node.events][-2:] == [DONE[0], "unscheduled"]
    assert node.commands == ["runtests", "runtests"]


@pytest.mark.parametrize(
    ("command", "values"),
    [("runtests", {"indices": [0, 1]}), ("runtests_all", {}), ("shutdown", {})],
)
def test_worker_that_has_something_to_do_and_is_silent_is_ended(
    watch: WorkerWatch, node: Node, command: str, values: dict[str, Any]
) -> None:
    node.putevent(COLLECTED)
    node.sendcommand(command, **values)
    wait(watch, LIMIT)
    assert not watch.has_ended(node)
    wait(watch, 2 * TICK)
    assert watch.has_ended(node)
    assert node.gateway.killed == 1


@pytest.mark.parametrize("last", ["workerfinished", "errordown", "internal_error"])
def test_worker_that_is_down_is_left_alone(watch: WorkerWatch, node: Node, last: str) -> None:
    node.putevent((last, {}))
    wait(watch, LIMIT * 9)
    assert not node.gateway.killed


def test_xdist_is_told_where_it_does_not_notice(watch: WorkerWatch, node: Node) -> None:
    """A process that the worker started may hold its connection open."""
    wait(watch, LIMIT + 2 * TICK)
    assert node.events == []
    wait(watch, GRACE + 2 * TICK)
    assert node.events == [("errordown", {"node": node, "error": "it hangs"})]
    assert node._down
    wait(watch, LIMIT * 9)
    assert len(node.events) == 1


def test_xdist_is_told_nothing_where_it_noticed(watch: WorkerWatch, node: Node) -> None:
    wait(watch, LIMIT + 2 * TICK)
    node.putevent(("errordown", {"error": "Not properly terminated"}))
    wait(watch, GRACE * 9)
    assert len(node.events) == 1


def test_command_to_a_worker_that_died_is_no_error(watch: WorkerWatch, node: Node) -> None:
    node._down = True
    node.sendcommand("shutdown")
    assert node.commands == []


def test_thread_looks_and_ends(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    monkeypatch.setattr(worker_watch, "TICK", 0.001)
    watch = WorkerWatch(0.002)
    looks: list[object] = []
    monkeypatch.setattr(watch, "_look_at", lambda worker: (looks.append(worker), watch.stop()))
    watch.add_gateway(gateway)
    watch._run()
    assert len(looks) == 1
