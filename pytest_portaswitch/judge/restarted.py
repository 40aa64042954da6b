"""Was a subcomponent started anew lately, while the rest of its host went on?"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

import msgspec

from pytest_portaswitch.facts.model import HostFacts, Process
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.same import Same
from pytest_portaswitch.tables.row import ProcessPattern

HOUR = 3600
TOGETHER = 900
"""Seconds within which all daemons of a host are started when somebody starts them all anew."""


class _Daemon(msgspec.Struct, frozen=True):
    """All processes that match one pattern."""

    pids: frozenset[int]
    started: float
    """When the oldest was."""


def restarts(
    name: str,
    host: HostFacts,
    pattern: ProcessPattern,
    hours: int,
    serving: Iterable[Process] = (),
) -> Iterator[tuple[str, Fault]]:
    """The warning that a subcomponent was started anew within so many hours, with when; or none.

    The oldest of its processes counts, those that hold its sockets (``serving``) among them.

    Not where the host, or all else that was seen on it, is as young: both were started then. Nor
    where all daemons that checks speak of were started together: somebody did that on purpose.
    """
    own = {p.pid: p for p in (*seen.processes_matching(host, pattern), *serving)}
    started = min((process.started for process in own.values()), default=0.0)
    machine, clock = host.machine, host.clock
    if not hours or started <= 0 or clock is None or machine is None or machine.uptime is None:
        return
    bound, age = hours * HOUR, clock.host - started
    daemons, oldest = _daemons(Same(host))
    if not -TOGETHER < age < bound <= min(machine.uptime, clock.host - oldest):
        return
    if _may_be_older(host, pattern):
        return
    others = [daemon for daemon in daemons if not daemon.pids & own.keys()]
    if others and all(abs(daemon.started - started) <= TOGETHER for daemon in others):
        return
    try:
        when = datetime.fromtimestamp(started, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return
    moment = f"{when:%Y-%m-%d %H:%M:%S} UTC"
    line = f"{name} on {host.host} was started anew at {moment}, "
    line += f"{_words(age)} before it was looked at"
    yield line, fault("restarted", host.host, name, detail=f"at {moment}")


# Each check of a host asks, and hosts may have many processes.
@functools.lru_cache(maxsize=64)
def _daemons(of: Same) -> tuple[tuple[_Daemon, ...], float]:
    """By pattern that was tried on all processes; and when the oldest of all was started."""
    members: dict[int, list[Process]] = {}
    known = [p for p in of.facts.processes if p.state != "Z" and p.started > 0]
    for process in known:
        for at in process.matches:
            if at < of.facts.sought:
                members.setdefault(at, []).append(process)
    daemons = (
        _Daemon(frozenset(p.pid for p in each), min(p.started for p in each))
        for each in members.values()
    )
    oldest = min((process.started for process in known), default=float("inf"))
    return tuple(daemons), oldest


def _may_be_older(host: HostFacts, pattern: ProcessPattern) -> bool:
    """Whether a process of which it could not be decided may be one of the subcomponent."""
    places = {at for at, each in enumerate(host.patterns or ()) if each == pattern.match}
    return any(places & set(process.undecided) for process in host.processes)


def _words(age: float) -> str:
    minutes = max(0, int(age // 60))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
