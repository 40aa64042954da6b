"""What the subcomponents of proposed roles are called here, and where they were not seen. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pytest_portaswitch.discover.programs import escaped
from pytest_portaswitch.discover.roles import Sign, words
from pytest_portaswitch.discover.virtual_ips import VirtualIp
from pytest_portaswitch.tables import Tables
from pytest_portaswitch.tables.row import Subcomponent


@dataclass(frozen=True)
class Pin:
    """What the process of a subcomponent is called."""

    subcomponent: str
    key: str
    """``program`` or ``match``."""
    pattern: str
    evidence: tuple[str, ...]
    guess: str = ""
    """Why it is not sure; empty: it is called as the tables assume."""


@dataclass(frozen=True)
class Stranger:
    """A process at the ports of a subcomponent of which it cannot be told whether it is that."""

    subcomponent: str
    evidence: tuple[str, ...]
    program: str
    why: str


@dataclass(frozen=True)
class Unseen:
    """A subcomponent that was not seen on hosts that have a role which runs it."""

    subcomponent: Subcomponent
    hosts: tuple[str, ...]
    elsewhere: tuple[str, ...]
    """Hosts where it was seen."""


@dataclass(frozen=True)
class Pins:
    """Of all subcomponents of the proposed roles, in the order of the tables."""

    pins: tuple[Pin, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    unseen: tuple[Unseen, ...] = ()


@dataclass(frozen=True)
class Seen:
    """A host that was looked at, as far as its subcomponents go."""

    name: str
    roles: frozenset[str]
    signs: tuple[Sign, ...]
    """By the names of the tables."""
    strange: tuple[Sign, ...]
    """By the ports of the tables alone."""


@dataclass
class _Of:
    """All that was seen of one subcomponent."""

    signs: dict[str, list[Sign]] = field(default_factory=lambda: defaultdict(list))
    strange: dict[str, list[Sign]] = field(default_factory=lambda: defaultdict(list))


def pins_of(hosts: Sequence[Seen], virtual_ips: Sequence[VirtualIp], tables: Tables) -> Pins:
    """What a cluster file would pin, and what it would ask."""
    spoken_of = {row.subcomponent for row in tables.rows}
    of: dict[str, _Of] = defaultdict(_Of)
    claims: dict[tuple[str, object], set[str]] = defaultdict(set)
    for host in hosts:
        for sign in host.signs:
            of[sign.subcomponent].signs[host.name].append(sign)
        for sign in _in_place(host, virtual_ips):
            of[sign.subcomponent].strange[host.name].append(sign)
            claims[host.name, sign.socket].add(sign.subcomponent)
    contested = {s for several in claims.values() if len(several) > 1 for s in several}
    pins, strangers, unseen = [], [], []
    for subcomponent in tables.subcomponents.values():
        seen = of[subcomponent.id]
        # What listens for others has no row of its own; who stands before it may have any name.
        has_row = subcomponent.id in spoken_of and not subcomponent.implied
        why = _why_not(subcomponent, seen, contested=subcomponent.id in contested)
        if seen.strange and why:
            strangers.append(
                Stranger(
                    subcomponent.id,
                    _where(seen.strange),
                    _joined(_programs(seen.strange) | _programs(seen.signs)),
                    why,
                )
            )
        if not has_row:
            continue
        if pin := _pin(subcomponent, seen, with_strange=not why):
            pins.append(pin)
        met = {*seen.signs, *seen.strange}
        able = [host.name for host in hosts if host.roles & {*subcomponent.roles}]
        missing = [
            name
            for name in able
            if name not in met and not _stands_by(name, subcomponent.id, virtual_ips)
        ]
        if missing:
            elsewhere = tuple(name for name in able if name in met)
            unseen.append(Unseen(subcomponent, tuple(missing), elsewhere))
    return Pins(tuple(pins), tuple(strangers), tuple(unseen))


def _in_place(host: Seen, virtual_ips: Sequence[VirtualIp]) -> list[Sign]:
    """What holds ports of the tables, where their subcomponents are to listen.

    By their addresses those are told apart that have one port.
    """
    mine = [one for one in virtual_ips if host.name in one.hosts]
    at = {
        (name, sign.port)
        for one in mine
        for name in one.serves
        for sign in host.strange
        if sign.subcomponent == name and sign.socket and sign.socket.address == one.address
    }
    found = []
    for sign in host.strange:
        address = sign.socket.address if sign.socket else ""
        serving = [one.serves for one in mine if one.address == address]
        is_other = any(sign.subcomponent not in serves for serves in serving)
        if not is_other and (serving or (sign.subcomponent, sign.port) not in at):
            found.append(sign)
    return found


def _stands_by(host: str, subcomponent: str, virtual_ips: Sequence[VirtualIp]) -> bool:
    """Whether a host need not run it, as another one holds the address at which it serves."""
    return any(
        subcomponent in one.serves and host in one.hosts and host != one.holder
        for one in virtual_ips
    )


def _why_not(subcomponent: Subcomponent, seen: _Of, *, contested: bool) -> str:
    """Why what holds its ports under another name cannot be taken for it; empty: it can."""
    held = {sign.port for signs in seen.signs.values() for sign in signs}
    called = {
        frozenset((sign.port, sign.program) for sign in signs) for signs in seen.strange.values()
    }
    if contested:
        return "the port is that of several subcomponents"
    if subcomponent.process.confidence != "assumed":
        return f"it is known to be called {subcomponent.process.label}"
    if any(sign.port in held for signs in seen.strange.values() for sign in signs):
        return "elsewhere the port is held by a process that is called as the tables assume"
    if len(called) > 1:
        return "the hosts differ"
    if "" in _programs(seen.signs) | _programs(seen.strange):
        return "its name does not say what it is"
    return ""


def _pin(subcomponent: Subcomponent, seen: _Of, *, with_strange: bool) -> Pin | None:
    strange = seen.strange if with_strange else {}
    assumed = subcomponent.process.confidence == "assumed"
    if not (strange or (seen.signs and assumed)):
        return None
    own = _programs(seen.signs)
    names = own | _programs(strange)
    guess = f"by its ports alone: {'; '.join(_where(strange))}" if strange else ""
    if "" in own:
        # Only the tables' own pattern surely finds it.
        process = subcomponent.process
        key, pattern = "match", process.match
        if process.program:
            key, pattern = "program", process.program
    else:
        key, pattern = "program", _joined(names)
    return Pin(subcomponent.id, key, pattern, _where(seen.signs), guess)


def _programs(signs: dict[str, list[Sign]]) -> set[str]:
    return {sign.program for each in signs.values() for sign in each}


def _joined(names: Iterable[str]) -> str:
    return "|".join(sorted(map(escaped, filter(None, names))))


def _where(signs: dict[str, list[Sign]]) -> tuple[str, ...]:
    """Such as ``udp/5060 edgeproxy on sip1, sip2``."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for host, each in signs.items():
        hosts[", ".join(words(each))].append(host)
    return tuple(f"{what} on {', '.join(names)}" for what, names in hosts.items())
