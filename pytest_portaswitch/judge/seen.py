"""Looking things up among the facts of one host."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator

from pytest_portaswitch.facts.model import (
    Connection,
    HostFacts,
    ProbeResult,
    Process,
    Socket,
)
from pytest_portaswitch.judge.addressing import ip
from pytest_portaswitch.judge.same import Same
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.plan.check import Place, Ports
from pytest_portaswitch.source.bounded_regex import Undecided, found
from pytest_portaswitch.tables.row import ProcessPattern

STOPPED = frozenset("Tt")
"""State letters of a process that was stopped, by a signal or a debugger."""

SHOWN_COMMAND = 120
"""Characters of a command line that a message shows; the facts have more."""

UNDECIDED = "could not be matched with every process: it took too long, or a line was too long"


def processes_matching(facts: HostFacts, pattern: ProcessPattern) -> tuple[Process, ...]:
    """The living processes that the pattern means, those of containers only where they count.

    Raises ``Undecided`` where none surely is one; ``judge`` makes that unknown.
    """
    running = tuple(
        process
        for process in _living(facts, pattern)
        # What holds a socket of the host is on its network, and meets peers as the host's own do.
        if pattern.container or not process.container or process.pid in _holding(Same(facts))
    )
    if not running:
        all_decided(facts, pattern)
    return running


def contained(facts: HostFacts, pattern: ProcessPattern) -> tuple[Process, ...]:
    """The living processes of containers that the pattern means."""
    return tuple(process for process in _living(facts, pattern) if process.container)


def _living(facts: HostFacts, pattern: ProcessPattern) -> tuple[Process, ...]:
    living = [process for process in facts.processes if process.state != "Z"]
    if facts.patterns is None:
        return tuple(process for process in living if matches(facts, process, pattern.match))
    at = _place(facts.patterns[: facts.sought], pattern.match)
    return tuple(process for process in living if at in process.matches)


def all_decided(facts: HostFacts, pattern: ProcessPattern) -> None:
    """Raise ``Undecided`` where more processes may match than ``processes_matching`` gives."""
    places = [at for at, each in enumerate(facts.patterns or ()) if each == pattern.match]
    if any(at in process.undecided for process in facts.processes for at in places):
        raise Undecided(pattern.match, UNDECIDED)


def matches(facts: HostFacts, process: Process, words: str) -> bool:
    """Whether a regular expression is found in the name or in the command line of a process.

    The host tried it on the whole line. Raises ``Undecided``.
    """
    if facts.patterns is None:
        return found(words, process.name) or found(words, process.command)
    at = _place(facts.patterns, words)
    if at in process.undecided:
        raise Undecided(words, UNDECIDED)
    return at in process.matches


def others_running(
    facts: Facts, host: str, pattern: ProcessPattern
) -> Iterator[tuple[HostFacts, tuple[Process, ...]]]:
    """The other hosts that looked for the same pattern and found it, with the processes."""
    for name, other in sorted(facts.items()):
        if name == host or not isinstance(other, HostFacts):
            continue
        asked = other.patterns is None or pattern.match in other.patterns[: other.sought]
        with contextlib.suppress(Undecided):
            if asked and (running := processes_matching(other, pattern)):
                yield other, running


def _place(patterns: tuple[str, ...], words: str) -> int:
    if words not in patterns:
        raise Undecided(words, "was not asked of this host")
    return patterns.index(words)


def with_children(facts: HostFacts, processes: Iterable[Process]) -> frozenset[int]:
    """The pids of processes and of all that they started: those of Apache's FCGI are children."""
    children: dict[int, list[int]] = {}
    for process in facts.processes:
        children.setdefault(process.parent, []).append(process.pid)
    waiting = [process.pid for process in processes]
    found = set(waiting)
    while waiting:
        more = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(more)
        waiting += more
    return frozenset(found)


def connections_to(
    facts: HostFacts, addresses: Iterable[str], ports: Ports
) -> tuple[Connection, ...]:
    """The established connections to any of the ports at any of the addresses."""
    wanted = {ip(address) for address in addresses}
    return tuple(
        connection
        for connection in facts.connections
        if connection.remote_port is not None
        and _is_among(connection.remote_port, ports)
        and ip(connection.remote) in wanted
    )


def _is_among(port: int, ports: Ports) -> bool:
    if ports.demand == "range":
        return ports.numbers[0] <= port <= ports.numbers[-1]
    return port in ports.numbers


def owners(facts: HostFacts, socket: Socket | Connection) -> tuple[Process, ...]:
    """The processes that hold a socket, as far as they are still among the facts."""
    by_pid = _by_pid(Same(facts))
    places = sorted(place for pid in set(socket.pids or ()) for place in by_pid.get(pid, ()))
    return tuple(facts.processes[place] for place in places)


# A host may have thousands of sockets and of processes, and each check asks again.
@functools.lru_cache(maxsize=64)
def _by_pid(of: Same) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place, process in enumerate(of.facts.processes):
        found.setdefault(process.pid, []).append(place)
    return found


@functools.lru_cache(maxsize=64)
def _holding(of: Same) -> frozenset[int]:
    """Who holds a socket that the host's own network shows."""
    held: tuple[Socket | Connection, ...] = (*of.facts.sockets, *of.facts.connections)
    return frozenset(pid for socket in held for pid in socket.pids or ())


def is_held_by(facts: HostFacts, socket: Socket, words: str, *, by_child: bool = False) -> bool:
    """Whether an owner of a socket matches a regular expression, or what started it.

    Raises ``Undecided`` where none surely does and one may.
    """
    undecided: Undecided | None = None
    held = owners(facts, socket)
    for process in (*held, *(_ancestors(facts, held) if by_child else ())):
        try:
            if matches(facts, process, words):
                return True
        except Undecided as error:
            undecided = error
    if undecided is not None:
        raise undecided
    return False


def _ancestors(facts: HostFacts, processes: Iterable[Process]) -> Iterator[Process]:
    """What started them, as far as that is among the facts; init starts everything."""
    by_pid = _by_pid(Same(facts))
    known = {process.pid for process in processes}
    waiting = [process.parent for process in processes]
    while waiting:
        pid = waiting.pop()
        if pid > 1 and pid not in known:
            known.add(pid)
            for place in by_pid.get(pid, ()):
                yield facts.processes[place]
                waiting.append(facts.processes[place].parent)


def came_in(facts: Facts, place: Place, transport: str, port: int) -> dict[str, str]:
    """The hosts that sent a probe to a port of a place from elsewhere, and what became of it:
    ``answered``, ``connected`` where something took it, empty where nothing did.
    """
    found: dict[str, str] = {}
    for name, host in sorted(facts.items()):
        if name in place.hosts or not isinstance(host, HostFacts):
            continue
        for kind in ("tcp", "tls") if transport == "tcp" else ("udp",):
            if result := probe(host, f"{kind}:{place.address}:{port}"):
                came = result.outcome in ("connected", "replied") or result.tcp_connected
                spoke = result.answer is None or result.answer.answered
                found[name] = "" if not came else "answered" if spoke else "connected"
    return found


def probe(facts: HostFacts, key: str) -> ProbeResult | None:
    """The result of one probe that the host sent, or None where there is none."""
    return next((result for result in facts.probes if result.key == key), None)


def socket_words(facts: HostFacts, socket: Socket) -> str:
    """Such as ``udp 10.0.0.5:1812 radiusd (pid 4711, freerad)``."""
    held = process_words(owners(facts, socket))
    if not held:
        held = "owner not visible" if socket.pids is None else "no owner found"
    return f"{socket.transport} {bound_words(socket)}:{socket.port} {held}"


def bound_words(socket: Socket) -> str:
    """Such as ``10.0.0.5``, ``[::]``, or ``0.0.0.0%pub`` where it is bound to a device."""
    device = f"%{socket.device}" if socket.device else ""
    return f"[{socket.address}]{device}" if ":" in socket.address else socket.address + device


def connection_words(facts: HostFacts, connection: Connection) -> str:
    """Such as ``10.0.0.5:41234 -> 10.0.0.3:3306 alerter (pid 4711, porta)``."""
    local = _end(connection.local, connection.local_port)
    held = process_words(owners(facts, connection))
    if not held:
        held = "owner not visible" if connection.pids is None else "no owner found"
    several = f"{connection.count} times " if connection.count > 1 else ""
    return f"{several}{local} -> {_end(connection.remote, connection.remote_port)} {held}"


def _end(address: str, port: int | None) -> str:
    shown = f"[{address}]" if ":" in address else address
    return shown if port is None else f"{shown}:{port}"


def process_words(processes: Iterable[Process]) -> str:
    """Names with pid and user, at most three."""
    processes = tuple(processes)
    shown = [f"{p.name} (pid {p.pid}, {p.user})" for p in processes[:3]]
    if len(processes) > len(shown):
        shown.append(f"and {len(processes) - len(shown)} more")
    return ", ".join(shown)


def command_line(process: Process) -> str:
    """``pid 12 user root: /usr/sbin/radiusd -f``, cut to what a message bears."""
    command = process.command or f"[{process.name}]"
    if len(command) > SHOWN_COMMAND:
        command = command[:SHOWN_COMMAND] + "..."
    return f"pid {process.pid} user {process.user} state {process.state or '?'}: {command}"
