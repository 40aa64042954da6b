"""What ``ps`` of procps 3.2 (EL6) to 4.0 prints, asked three times for unambiguous columns."""

from __future__ import annotations

import re

from pytest_portaswitch.facts.masking import masked
from pytest_portaswitch.facts.model import Process

# Each list: the columns, then the one that may hold blanks.
_COLUMNS = re.compile(
    r"\s*(\d{1,9})\s+(\d{1,9})\s+(\S+)\s+(\S+)\s+(?:(?:(\d{1,20})-)?(\d{1,2}):)?(\d{1,3}):(\d\d)\s*",
    re.ASCII,
)
_NAMED = re.compile(r"\s*(\d{1,9})(?:\s(.*))?", re.ASCII)
_KERNEL = 2
"""kthreadd, whose children are all kernel threads."""


def processes(
    table: list[str], names: list[str], commands: list[str], clock: float, mark: str, own: str
) -> tuple[tuple[Process, ...], int]:
    """Return the processes, and how many lines could not be read.

    ``table``: ``ps -eo pid=,ppid=,user:32=,stat=,etime=``; ``names``: ``pid=,comm=``;
    ``commands``: ``pid=,args=``. Left out: kernel threads, the shell ``own`` with all that it
    started, and the processes whose command line bears the ``mark`` of the trip.
    """
    called = _by_pid(names)
    ran = _by_pid(commands)
    found: list[Process] = []
    bad = 0
    ours = {int(own)} if re.fullmatch(r"\d{1,9}", own, re.ASCII) else set()
    for line in table:
        fields = _COLUMNS.fullmatch(line)
        if fields is None:
            bad += 1
            continue
        pid, parent = int(fields[1]), int(fields[2])
        command = ran.get(pid, "")
        if _KERNEL in (pid, parent) and _is_bracketed(command):
            continue
        found.append(
            Process(
                pid=pid,
                parent=parent,
                name=called.get(pid, "").removesuffix(" <defunct>"),
                # Kernel threads and zombies have none, and ps shows their names in brackets.
                command="" if _is_bracketed(command) else masked(command.split(" ")),
                user=fields[3],
                started=_started(clock, _seconds(fields)),
                state=fields[4][0],
            )
        )
    ours |= {process.pid for process in found if mark in process.command}
    return _without(found, ours), bad


def _without(found: list[Process], ours: set[int]) -> tuple[Process, ...]:
    """Leave out some processes and all that descend from them, down to ``ps`` itself."""
    while True:
        kept = [process for process in found if not {process.pid, process.parent} & ours]
        ours = {process.pid for process in found} - {process.pid for process in kept}
        if not ours:
            return tuple(kept)
        found = kept


def _is_bracketed(command: str) -> bool:
    return command.startswith("[") and command.removesuffix(" <defunct>").endswith("]")


def _by_pid(lines: list[str]) -> dict[int, str]:
    found = {}
    for line in lines:
        fields = _NAMED.fullmatch(line)
        if fields is not None:
            found[int(fields[1])] = (fields[2] or "").strip()
    return found


def _started(clock: float, elapsed: int) -> float:
    """Return seconds since the epoch, 0 where the clock is not known.

    A process that is younger than ``ps`` itself has an age below zero, which ``ps`` prints as
    millions of years.
    """
    return clock - elapsed if elapsed <= clock else clock


def _seconds(fields: re.Match[str]) -> int:
    """Return what ``[[DD-]HH:]MM:SS`` says."""
    days, hours, minutes, seconds = (int(field or 0) for field in fields.groups()[4:])
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
