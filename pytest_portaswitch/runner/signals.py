"""Signals that end a run as Control-C does, so that it leaves what it has seen.

CI systems cancel a job with SIGTERM, and a connection that is lost sends SIGHUP.
"""

from __future__ import annotations

import functools
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import pytest

ENDING = (signal.SIGTERM, signal.SIGHUP)
PATIENCE = 30.0
"""Seconds for which a run may end undisturbed; a disk, or a worker, may hang for ever."""


def interrupt_run_by_signal(config: pytest.Config) -> None:
    """Have these signals interrupt the run, unless somebody handles or ignores them already."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)
            config.add_cleanup(functools.partial(_reset, number))


def hold_signals() -> Callable[[], None]:
    """Have no signal interrupt what is written and said now. Returns what takes that back.

    A terminal that is closed says so twice, by its shell and by the kernel, and who is impatient
    presses Control-C again: what was seen would be lost.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    until = time.monotonic() + PATIENCE

    def wait(number: int, frame: FrameType | None) -> None:
        if time.monotonic() > until:
            _interrupt(number, frame)

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING)}
    held = {n: one for n, one in handlers.items() if one not in (None, signal.SIG_IGN)}
    for number in held:
        signal.signal(number, wait)

    def release() -> None:
        for number, handler in held.items():
            signal.signal(number, handler)

    return release


def _reset(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"received {signal.Signals(number).name}")
