"""What the other end of a connection shows of it: both hosts list those that are established."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_portaswitch.facts.model import Connection, HostFacts
from pytest_portaswitch.judge import addressing, seen
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.plan.check import HoldsConnection

SETTLED = 60.0
"""Seconds: a process that has just begun may have connected after the other host was looked at."""

_PASSING_ON = frozenset({"docker-proxy", "rootlesskit", "rootlessport", "conmon", "pasta"})
"""What listens for a container: its connections are the container's, and the host has none."""


def not_known_by(
    connections: Sequence[Connection], expects: HoldsConnection, host: HostFacts, facts: Facts
) -> str:
    """The host that should be the other end of all these connections and lists none of them.

    Empty where it lists one, and where nobody can say.
    """
    names = set()
    for connection in connections:
        other = _holder(connection, expects, facts)
        if other is None or _is_new(connection, host) or not _lists_all(other, connection):
            return ""
        local = addressing.ip(connection.local)
        if local != addressing.ip(expects.address) or other.host == host.host:
            return ""
        if any(
            back.local_port == connection.remote_port and addressing.ip(back.remote) == local
            for back in other.connections
        ):
            return ""
        names.add(other.host)
    return names.pop() if len(names) == 1 else ""


def _holder(connection: Connection, expects: HoldsConnection, facts: Facts) -> HostFacts | None:
    members: Iterable[object] = map(facts.get, expects.destination.hosts)
    hosts = (member for member in members if isinstance(member, HostFacts))
    return next((host for host in hosts if addressing.uses(host, connection.remote)), None)


def _lists_all(other: HostFacts, connection: Connection) -> bool:
    """Whether a host shows what serves the port, and would show each connection to it."""
    if any(other.gap(what) for what in ("sockets", "connections", "interfaces")):
        return False
    serving = [
        socket
        for socket in other.sockets
        if socket.transport == "tcp"
        and socket.port == connection.remote_port
        and addressing.covers(other, socket, connection.remote)
    ]
    owners = {process.name for socket in serving for process in seen.owners(other, socket)}
    return bool(owners) and not owners & _PASSING_ON


def _is_new(connection: Connection, host: HostFacts) -> bool:
    """Whether what holds a connection has just been started, or nobody knows when it was."""
    if host.clock is None:
        return True
    started = [process.started for process in seen.owners(host, connection)]
    return any(host.clock.host - moment < SETTLED for moment in started)
