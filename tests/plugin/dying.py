"""Ends a worker of xdist at a moment that the environment names: ``DIES=MOMENT:WAY``."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_portaswitch.runner.audits import Audits
from pytest_portaswitch.runner.worker_watch import WorkerWatch

MOMENT, _, WAY = os.environ.get("DIES", "").partition(":")
TIMES = int(os.environ.get("DIES_TIMES", "1"))
"""How many workers die."""
DEATHS = Path(os.environ.get("DEATHS", "deaths"))
"""The workers that died, a line each."""
PLACES = {"first": 0, "middle": 0.5, "last": 1}


OBSERVE = Audits.observe


def _die_or_observe(*given: Any) -> None:
    _die()
    OBSERVE(*given)


def _dead() -> list[str]:
    return DEATHS.read_text().splitlines() if DEATHS.exists() else []


def _look_at_those_that_hang(self: WorkerWatch, worker: Any) -> None:
    # On a machine with much to do a sound worker may need longer to begin.
    if worker.gateway.id in _dead():
        LOOK_AT(self, worker)


LOOK_AT = WorkerWatch._look_at
WorkerWatch._look_at = _look_at_those_that_hang  # type: ignore[method-assign]


def _die() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if not worker or len(_dead()) >= TIMES:
        return
    with DEATHS.open("a") as file:
        file.write(f"{worker}\n")
    if WAY == "exit":
        os._exit(0)
    if WAY == "segfault":
        ctypes.string_at(0)
    if WAY == "hang":
        time.sleep(1000)
    if WAY == "hang-with-a-child":
        # The child has the worker's connection, too.
        if not os.fork():
            time.sleep(20)
            os._exit(0)
        time.sleep(1000)
    if WAY == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_due(item: pytest.Item, suffix: str) -> bool:
    place, _, when = MOMENT.partition("-")
    items = item.session.items
    return (
        when == suffix
        and place in PLACES
        and items.index(item) == int(PLACES[place] * (len(items) - 1))
    )


def pytest_sessionstart() -> None:
    if MOMENT == "start":
        _die()
    if MOMENT == "observing":
        Audits.observe = _die_or_observe  # type: ignore[method-assign]


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    if MOMENT == "collecting":
        _die()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    if MOMENT == "collected":
        _die()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _is_due(item, ""):
        _die()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    if _is_due(item, "teardown"):
        _die()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    done = yield
    if _is_due(item, "done"):
        _die()
    return done


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    if MOMENT == "finish":
        _die()
