"""Processor time that trying the patterns of one file takes, by the file: there is an end to it."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 30.0
"""For all patterns of one file. Hundreds take one, and those that need a try of their own 30 ms."""

_spent: dict[str, float] = {}


def begin(file: str) -> None:
    """Count anew: the file is read, maybe again."""
    _spent[file] = 0.0


def is_spent(file: str) -> bool:
    """Whether no more patterns of the file are to be tried."""
    return _spent.get(file, 0.0) >= SECONDS


@contextmanager
def counted(file: str) -> Iterator[None]:
    """Count what is done within, by this process and by those that it waits for."""
    began = _now()
    try:
        yield
    finally:
        _spent[file] = _spent.get(file, 0.0) + _now() - began


def _now() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
