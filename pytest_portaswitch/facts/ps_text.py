"""What ``ps`` of procps 3.2 (EL6) to 4.0 prints, asked three times for unambiguous columns.

Command lines come whole, so patterns are tried here, and then all is dropped that may be a secret.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Iterable

import msgspec

from pytest_portaswitch.facts import commands
from pytest_portaswitch.facts.model import OtherProcesses, Process
from pytest_portaswitch.source.bounded_regex import Undecided, found
from pytest_portaswitch.text import NO_TEXT, clean

# Each list: the columns, then the one that may hold blanks.
_COLUMNS = re.compile(
    r"\s*(\d{1,9})\s+(\d{1,9})\s+(\S+)\s+(\S+)\s+(?:(?:(\d{1,20})-)?(\d{1,2}):)?(\d{1,3}):(\d\d)\s*",
    re.ASCII,
)
_NAMED = re.compile(r"\s*(\d{1,9})(?:\s(.*))?", re.ASCII)
_ARGUMENT = re.compile(r"/proc/(\d{1,9})/cmdline:(.*)", re.ASCII)
_NUMBERS = re.compile(r"/proc/(\d{1,9})/status:NSpid:((?:\s+\d{1,9})+)\s*", re.ASCII)
_NAMESPACE = re.compile(r"/proc/(\d{1,9})/ns/pid (\S+)", re.ASCII)
SECONDS = 10.0
"""Of processor time, to try all patterns on all command lines of one host; few take 50 ms."""
_PAGE = 4096
"""Characters from which on ``ps`` may have cut a line; kernels before 4.2 show no more."""
_WORD = re.compile(r"[a-z][a-z0-9_.-]{3,}")
_KERNEL = 2
"""kthreadd, whose children are all kernel threads."""


class Patterns(msgspec.Struct, frozen=True):
    """What is asked of processes: the first ``sought`` of all, the others of owners only."""

    all: tuple[str, ...] = ()
    sought: int = 0


class Command(msgspec.Struct, frozen=True):
    """A command line as it came."""

    words: tuple[str, ...] = ()
    is_cut: bool = False
    """Whether there may be more of it."""


def processes(
    table: list[str],
    names: list[str],
    ran: dict[int, Command],
    clock: float,
    mark: str,
    own: str,
    inside: Collection[int] = (),
) -> tuple[list[tuple[Process, Command]], int]:
    """Return the processes with their command lines, and how many lines could not be read.

    ``table``: ``ps -eo pid=,ppid=,user:32=,stat=,etime=``; ``names``: ``pid=,comm=``. Left out:
    kernel threads, the shell ``own`` with all that it started, and the processes whose command
    line bears the ``mark`` of the trip. ``inside``: those of containers.
    """
    called = _by_pid(names)
    seen: list[tuple[Process, Command]] = []
    bad = 0
    ours = {int(own)} if re.fullmatch(r"\d{1,9}", own, re.ASCII) else set()
    for line in table:
        fields = _COLUMNS.fullmatch(line)
        if fields is None:
            bad += 1
            continue
        pid, parent = int(fields[1]), int(fields[2])
        command = ran.get(pid, Command())
        if _KERNEL in (pid, parent) and not command.words:
            continue
        process = Process(
            pid=pid,
            parent=parent,
            name=clean(called.get(pid, "").removesuffix(" <defunct>")),
            command=NO_TEXT,
            user=clean(fields[3]),
            started=_started(clock, _seconds(fields)),
            state=clean(fields[4][0]),
            container=pid in inside,
        )
        seen.append((process, command))
        if any(mark in word for word in command.words):
            ours.add(pid)
    return _without(seen, ours), bad


def contained(numbers: list[str], namespaces: list[str], own: str) -> frozenset[int]:
    """Return the processes of other PID namespaces than that of the shell ``own``.

    ``numbers``: ``/proc/PID/status:NSpid: ...``; ``namespaces``: ``/proc/PID/ns/pid LINK``, for
    kernels that show no numbers.
    """
    found = [fields for line in numbers if (fields := _NUMBERS.fullmatch(line))]
    if found:
        return frozenset(int(fields[1]) for fields in found if len(fields[2].split()) > 1)
    links = {fields[1]: fields[2] for line in namespaces if (fields := _NAMESPACE.fullmatch(line))}
    return frozenset(int(pid) for pid, link in links.items() if link != links.get(own, link))


def command_lines(arguments: list[str], whole: list[str]) -> dict[int, Command]:
    """Return the command lines by pid.

    ``arguments``: ``/proc/PID/cmdline:WORD`` each; where the host has no grep that can do so,
    ``whole``: ``ps -ww -eo pid=,args=``, which does not tell words from their parts.
    """
    words: dict[int, list[str]] = {}
    for line in arguments:
        if fields := _ARGUMENT.fullmatch(line):
            words.setdefault(int(fields[1]), []).append(fields[2])
    if words:
        lengths = {pid: len(" ".join(each).encode()) for pid, each in words.items()}
        return {
            pid: Command(tuple(each), lengths[pid] in (_PAGE - 1, _PAGE))
            for pid, each in words.items()
        }
    return {
        # Kernel threads and zombies have none, and ps shows their names in brackets.
        pid: Command((line,), len(line) >= _PAGE)
        for pid, line in _by_pid(whole).items()
        if line and not _is_bracketed(line)
    }


def judged(
    seen: Iterable[tuple[Process, Command]], patterns: Patterns, owners: Collection[int]
) -> tuple[tuple[Process, ...], tuple[OtherProcesses, ...], bool]:
    """Return the processes that a judge needs, the others by name and user, and whether that took
    too long: then the rest is undecided.

    ``owners``: those that hold a socket.
    """
    until = time.process_time() + SECONDS
    every = [_matched(each, command, patterns, each.pid in owners, until) for each, command in seen]
    parents = {process.pid: process.parent for process in every}
    matching = {process.pid for process in every if process.matches or process.undecided}
    wanted = commands.kept(parents, matching, owners)
    counts = Counter((each.name, each.user) for each in every if each.pid not in wanted)
    others = (
        OtherProcesses(name=name, user=user, count=count)
        for (name, user), count in sorted(counts.items())
    )
    needed = tuple(each for each in every if each.pid in wanted)
    return needed, tuple(others), time.process_time() > until


def _matched(
    process: Process, command: Command, patterns: Patterns, owns: bool, until: float
) -> Process:
    line, end = commands.matched(command.words)
    matches, undecided = [], []
    for at, pattern in enumerate(patterns.all if owns else patterns.all[: patterns.sought]):
        if time.process_time() > until:
            undecided.append(at)
            continue
        try:
            if found(pattern, process.name) or found(pattern, line, end):
                matches.append(at)
            elif command.is_cut:
                undecided.append(at)
        except Undecided:
            undecided.append(at)
    known = {word for at in matches for word in _WORD.findall(patterns.all[at].lower())}
    shown = commands.shown(process.name, command.words, known) if matches or owns else ""
    return msgspec.structs.replace(
        process, command=shown, matches=tuple(matches), undecided=tuple(undecided)
    )


def _without(seen: list[tuple[Process, Command]], ours: set[int]) -> list[tuple[Process, Command]]:
    """Leave out some processes and all that descend from them, down to ``ps`` itself."""
    children: dict[int, list[int]] = {}
    for process, _ in seen:
        children.setdefault(process.parent, []).append(process.pid)
    left_out: set[int] = set()
    todo = list(ours)
    while todo:
        pid = todo.pop()
        if pid not in left_out:
            left_out.add(pid)
            todo += children.get(pid, ())
    return [each for each in seen if each[0].pid not in left_out]


def _is_bracketed(command: str) -> bool:
    return command.startswith("[") and command.removesuffix(" <defunct>").endswith("]")


def _by_pid(lines: list[str]) -> dict[int, str]:
    named = {}
    for line in lines:
        fields = _NAMED.fullmatch(line)
        if fields is not None:
            named[int(fields[1])] = (fields[2] or "").strip()
    return named


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
