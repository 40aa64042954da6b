"""Which roles a host's processes and listeners speak for, by the vendor's tables.

A role is proposed where a process that is called as the tables say holds a port that they give it,
and no other role has both; or, as a guess, where at least two of the role's subcomponents run by
name. What is less than that is kept as a trace, for people to look at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from pytest_portaswitch.discover.programs import program_of
from pytest_portaswitch.facts import HostFacts, Process, Socket
from pytest_portaswitch.judge import seen
from pytest_portaswitch.source.bounded_regex import found
from pytest_portaswitch.tables import Tables

ENOUGH_NAMES = 2
"""How many of a role's subcomponents must run where no port speaks for it. Others run an httpd."""


@dataclass(frozen=True)
class Endpoint:
    """Ports of a subcomponent, and the roles that they speak for."""

    subcomponent: str
    roles: tuple[str, ...]
    transport: str
    first: int
    last: int
    guess: str = ""
    """Why the role is a guess even where the process is the right one."""

    def has(self, socket: Socket) -> bool:
        """Whether the socket is at one of the ports."""
        return socket.transport == self.transport and self.first <= socket.port <= self.last


@dataclass(frozen=True)
class Sign:
    """Something that speaks for a subcomponent."""

    subcomponent: str
    process: str
    """Its name, or empty where the owner of the port was not seen."""
    socket: Socket | None = None
    """None: the process runs, and holds no port of the tables'."""
    guess: str = ""
    program: str = ""
    """The program's own name, by which it can be pinned; empty where there is none."""
    named: bool = True
    """Whether the process is called as the tables say; False: it only holds a port of theirs."""

    @property
    def port(self) -> str:
        """Such as ``tcp/3306``; empty without a socket."""
        return f"{self.socket.transport}/{self.socket.port}" if self.socket else ""


@dataclass(frozen=True)
class Proposal:
    """A role, and what speaks for it."""

    role: str
    signs: tuple[Sign, ...]
    guess: str = ""
    """Why it is not sure; empty: it is."""
    told: str = ""
    """What names and files say of it."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """The signs in words."""
        return (*filter(None, (self.told,)), *words(self.signs))


@dataclass(frozen=True)
class Roles:
    """What was found of one host."""

    proposed: tuple[Proposal, ...] = ()
    traces: tuple[Proposal, ...] = ()
    """Roles that are not proposed, because too little speaks for them."""


def endpoints(tables: Tables) -> tuple[Endpoint, ...]:
    """All ports of the tables, each with the subcomponent that listens there."""
    found: dict[Endpoint, None] = {}
    for row in tables.rows:
        server = row.subcomponent if row.direction == "incoming" else row.serves
        if not (server and row.ports):
            continue
        roles = tables.subcomponents[server].roles
        transport = "udp" if row.transport == "udp" else "tcp"
        if row.demand == "range":
            found[Endpoint(server, roles, transport, row.ports[0], row.ports[-1])] = None
            continue
        # As many ports as roles, such as 3306/3307 of main and replica: they stand in one order.
        in_order = row.demand == "one" and len(roles) == len(row.ports) > 1
        for place, port in enumerate(row.ports):
            own = (roles[place],) if in_order else roles
            ports = "/".join(map(str, row.ports))
            why = f"by its port; the tables give {ports} to {' and '.join(roles)} alike"
            guess = why if in_order else ""
            found[Endpoint(server, own, transport, port, port, guess)] = None
    return tuple(found)


def listening(facts: HostFacts) -> tuple[Socket, ...]:
    """The sockets that others can reach, in the order of their ports."""
    found = (
        socket
        for socket in facts.sockets
        if not socket.connected and not ipaddress.ip_address(socket.address).is_loopback
    )
    return tuple(sorted(found, key=lambda s: (s.port, s.transport, s.address)))


def roles_of(facts: HostFacts, tables: Tables) -> Roles:
    """What speaks for which role on a host."""
    ends = tuple(end for end in endpoints(tables) if end.first == end.last)
    strong: dict[str, list[Sign]] = {}
    weak: dict[str, list[Sign]] = {}
    for socket in listening(facts):
        here = [end for end in ends if end.has(socket)]
        named = [(end, sign) for end in here for sign in _named(facts, socket, end, tables)]
        spoken_for = {role for end, _ in named for role in end.roles}
        if len(spoken_for) == 1:
            strong.setdefault(spoken_for.pop(), []).extend(sign for _, sign in named)
            continue
        owners = seen.owners(facts, socket)
        for end in here:
            for role in end.roles:
                called = owners[0].name if owners else ""
                program = program_of(owners[0]) if owners else ""
                sign = Sign(end.subcomponent, called, socket, program=program, named=False)
                weak.setdefault(role, []).append(sign)
    proposed, traces = [], []
    for role in tables.roles:
        by_name = list(_by_name(facts, role, tables))
        ports = strong.get(role, [])
        if ports:
            known = {sign.subcomponent for sign in ports}
            more = [sign for sign in by_name if sign.subcomponent not in known]
            guess = "" if any(not sign.guess for sign in ports) else ports[0].guess
            proposed.append(Proposal(role, (*ports, *more), guess))
        elif len({sign.subcomponent for sign in by_name}) >= ENOUGH_NAMES:
            why = "by the names of its processes; none holds a port of the tables"
            proposed.append(Proposal(role, tuple(by_name), why))
    own = {proposal.role for proposal in proposed}
    explained = [end for end in ends if own & {*end.roles}]
    for role in tables.roles:
        signs = [
            *_by_name(facts, role, tables),
            # At a port that a proposed role has as well, who listens is most likely of that one.
            *(
                sign
                for sign in weak.get(role, [])
                if sign.socket and not any(end.has(sign.socket) for end in explained)
            ),
        ]
        if signs and role not in own:
            traces.append(Proposal(role, tuple(signs)))
    return Roles(tuple(proposed), tuple(traces))


def with_name(roles: Roles, name: str, suggested: str) -> Roles:
    """The roles of a host of which nothing but a trace and its name speak for one, as a guess."""
    trace = next((one for one in roles.traces if one.role == suggested), None)
    if roles.proposed or trace is None:
        return roles
    guess = replace(trace, guess=f"by its name {name}, and a trace of it")
    return Roles((guess,), tuple(one for one in roles.traces if one is not trace))


def as_written(roles: Roles, written: Collection[str]) -> Roles:
    """The roles of a host whose roles a file says: those, and others that are no guess."""
    if not written:
        return roles
    known = {one.role: one for one in roles.traces} | {one.role: one for one in roles.proposed}
    said = [
        replace(known.get(role, Proposal(role, ())), guess="", told="the file says so")
        for role in written
    ]
    others = [p for p in roles.proposed if p.role not in written and not p.guess]
    own = {*written, *(proposal.role for proposal in others)}
    traces = (*roles.traces, *roles.proposed)
    return Roles((*said, *others), tuple(one for one in traces if one.role not in own))


def unnamed(facts: HostFacts, roles: Roles, tables: Tables) -> tuple[Sign, ...]:
    """Ports of a proposed role's subcomponent that are held under another name than the tables'.

    The audit would say that it cannot tell; the cluster file may pin the name.
    """
    own = {proposal.role for proposal in roles.proposed}
    signs = [s for proposal in roles.proposed for s in proposal.signs if s.named]
    named = {(sign.subcomponent, sign.port) for sign in signs}
    sockets = {sign.socket for sign in signs}
    found = []
    for end in endpoints(tables):
        if end.first != end.last or not own & {*end.roles}:
            continue
        for socket in listening(facts):
            owners = seen.owners(facts, socket)
            if end.has(socket) and owners and socket not in sockets:
                sign = Sign(end.subcomponent, owners[0].name, socket, program=program_of(owners[0]))
                if (sign.subcomponent, sign.port) not in named:
                    found.append(sign)
    return tuple(found)


def unexplained(facts: HostFacts, roles: Roles, tables: Tables) -> tuple[str, ...]:
    """What listens, and belongs to no role that is spoken of and to no service of the tables."""
    own = {proposal.role for proposal in roles.proposed}
    traced = {sign.socket for proposal in roles.traces for sign in proposal.signs}
    ends = [end for end in endpoints(tables) if own & {*end.roles}]
    low, high = facts.ephemeral_ports or (0, -1)
    found = []
    for socket in listening(facts):
        client = socket.transport == "udp" and low <= socket.port <= high
        if client or socket in traced or any(end.has(socket) for end in ends):
            continue
        if _is_service(facts, socket, own, tables):
            continue
        owners = seen.owners(facts, socket)
        found.append(Sign("", owners[0].name if owners else "", socket))
    return words(found)


def words(signs: Iterable[Sign]) -> tuple[str, ...]:
    """What each process holds, such as ``tcp/3306 mysqld``, or that it runs."""
    held: dict[str, set[str]] = {}
    for sign in signs:
        held.setdefault(sign.process, set()).add(sign.port)
    return tuple(
        f"{' '.join(sorted(ports - {''}))} {process or '(owner not seen)'}"
        if ports - {""}
        else f"{process} runs"
        for process, ports in held.items()
    )


def weakened(proposal: Proposal, why: str) -> Proposal:
    """The proposal as a trace, with the reason."""
    return replace(proposal, guess=why)


def _named(facts: HostFacts, socket: Socket, end: Endpoint, tables: Tables) -> Iterator[Sign]:
    """The sign that the subcomponent's own process holds the socket, where it does."""
    pattern = tables.subcomponents[end.subcomponent].process
    for process in seen.owners(facts, socket):
        if seen.matches(facts, process, pattern.match):
            yield _sign(end.subcomponent, process, tables, socket, end.guess)
            return
    if socket.pids is None and (running := seen.processes_matching(facts, pattern)):
        why = "; ".join(filter(None, ("who holds the port was not seen", end.guess)))
        yield _sign(end.subcomponent, running[0], tables, socket, why)


def _by_name(facts: HostFacts, role: str, tables: Tables) -> Iterator[Sign]:
    """The role's subcomponents that run by name, and belong to no other role."""
    for subcomponent in tables.subcomponents.values():
        if subcomponent.roles == (role,):
            running = seen.processes_matching(facts, subcomponent.process)
            if running:
                yield _sign(subcomponent.id, running[0], tables)


def _sign(
    subcomponent: str,
    process: Process,
    tables: Tables,
    socket: Socket | None = None,
    guess: str = "",
) -> Sign:
    called = _called(process, subcomponent, tables)
    name = program_of(process)
    # A site's own pattern may look at more than the program, such as at what a wrapper starts.
    meant = bool(name) and found(tables.subcomponents[subcomponent].process.match, name)
    return Sign(subcomponent, called, socket, guess, name if meant else "")


def _called(process: Process, subcomponent: str, tables: Tables) -> str:
    """Its name, and beside that of an interpreter what it runs."""
    own = found(tables.subcomponents[subcomponent].process.match, process.name)
    return process.name if own else f"{process.name} ({subcomponent})"


def _is_service(facts: HostFacts, socket: Socket, roles: set[str], tables: Tables) -> bool:
    """Whether a system service of the tables, by its own process, is expected at the port."""
    return any(
        any(p.transport == socket.transport and p.first <= socket.port <= p.last for p in s.ports)
        and (not s.hosts or roles & {*s.hosts})
        and (not s.match or seen.is_held_by(facts, socket, s.match))
        for s in tables.services
    )
