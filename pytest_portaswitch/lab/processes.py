"""Processes as /proc shows them, of the machine or of one host."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MACHINE = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One process, in the numbering of the /proc that it was read from."""

    pid: int
    name: str
    state: str
    parent: int
    session: int
    started: int


def read(proc: Path, pid: int) -> Process | None:
    """One process, or None when there is none (any more)."""
    try:
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in parentheses and may itself hold any character.
    before, _, after = text.rpartition(")")
    fields = after.split()
    name = before.partition("(")[2]
    return Process(pid, name, fields[0], int(fields[1]), int(fields[3]), int(fields[19]))


def every(proc: Path = MACHINE) -> Iterator[Process]:
    """All processes of a /proc."""
    for entry in proc.iterdir():
        if entry.name.isdigit() and (process := read(proc, int(entry.name))) is not None:
            yield process


def alive(pid: int, started: int | None = None, proc: Path = MACHINE) -> bool:
    """Whether the process runs (a zombie does not), and is the one that started then."""
    process = read(proc, pid)
    if process is None or process.state in "ZX":
        return False
    return started is None or process.started == started


def command_line(pid: int, proc: Path = MACHINE) -> list[str]:
    """The arguments of a process; empty when it is gone or a kernel thread."""
    try:
        return (proc / str(pid) / "cmdline").read_text(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(root: int, among: Iterable[Process]) -> list[Process]:
    """The process and all below it, parents first."""
    processes = list(among)
    found = [process for process in processes if process.pid == root]
    for parent in found:
        found += [process for process in processes if process.parent == parent.pid]
    return found


def send(proc: Path, pids: Iterable[int], number: signal.Signals) -> None:
    """Signal processes by the numbers of a host's /proc; those that are gone are passed over."""
    for pid in pids:
        try:
            # The folder of a process in /proc serves as its pidfd, whatever its namespace.
            descriptor = os.open(proc / str(pid), os.O_RDONLY | os.O_DIRECTORY)
        except (FileNotFoundError, ProcessLookupError):
            continue
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            continue
        finally:
            os.close(descriptor)


def wait_until(unmet: Callable[[], str], seconds: float) -> str:
    """Poll until ``unmet`` returns an empty string; what it said last when time is up."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while reason := unmet():
        if time.monotonic() > deadline:
            return reason
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    return ""
