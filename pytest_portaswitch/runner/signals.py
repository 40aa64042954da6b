"""Signals that end a run as Control-C does, so that it leaves what it has seen.

CI systems cancel a job with SIGTERM, and a connection that is lost sends SIGHUP.
"""

from __future__ import annotations

import functools
import signal
import threading
from types import FrameType

import pytest

ENDING = (signal.SIGTERM, signal.SIGHUP)


def interrupt_run_by_signal(config: pytest.Config) -> None:
    """Have these signals interrupt the run, unless somebody handles or ignores them already."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)
            config.add_cleanup(functools.partial(_reset, number))


def _reset(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"received {signal.Signals(number).name}")
