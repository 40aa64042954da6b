"""Whether a machine is the one that the cluster file means: what hosts say of themselves, compared.

Nothing but facts is compared: the name that each gives itself, its addresses, which machine it is,
and whether it does what is looked for on it or what is looked for on another host.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.same import Same
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.source.bounded_regex import Undecided, found

MISTAKEN = frozenset({"swapped-hosts", "wrong-machine", "login-astray", "one-machine"})
"""Codes of a machine that is not the one that is meant: all else that is wrong there follows."""

SHOWN = 3
_LEAST = 2
"""So much of another host's must be there where nothing is looked for on the host itself."""

_Sign = tuple[str, str]
"""``process`` with a pattern, or a transport with a port: what a host is looked at for."""


class _Sight(NamedTuple):
    """One host: what is looked for on it, and a way to ask whether something is there."""

    host: HostFacts
    wanted: frozenset[_Sign]
    shows: Callable[[_Sign], bool]
    shown: frozenset[_Sign]
    """What is there of that which is looked for."""

    @property
    def is_itself(self) -> bool:
        """Whether all that is looked for is there."""
        return bool(self.wanted) and self.shown == self.wanted

    def some(self, signs: Iterable[_Sign]) -> list[_Sign]:
        """Those that are there."""
        return [sign for sign in sorted(signs) if self.shows(sign)]


def mistaken(host: HostFacts, address: str, facts: Facts) -> Fault | None:
    """The fault of a machine that is not the host that the cluster file means; None where it is."""
    name = host.host
    if not addressing.holds(host, address):
        return _of_login(host, address, facts)
    of = _compared(facts)
    own, called = of.get(name), _named(host, facts)
    if own is None or called == name:
        # Its name is right; what it does may still be another's.
        called = ""
    if own is None:
        return None
    mates = [] if own.is_itself else [o for o in of if o != name and _are_swapped(own, of[o])]
    mate = called if called in mates else next(iter(mates), "")
    if mate:
        # The other one may be paired already: each host has one mate.
        return fault(
            "swapped-hosts",
            *sorted((name, mate)),
            detail="; ".join(_words(of[one], of, facts) for one in sorted((name, mate))),
        )
    if not called:
        return None
    other = of.get(called)
    lacking = own.wanted - (other.wanted if other else frozenset())
    if not lacking or own.some(lacking):
        return None
    if other is not None and not own.some(other.wanted - own.wanted):
        return None
    return fault("wrong-machine", name, called, detail=_words(own, of, facts, address))


def _of_login(host: HostFacts, address: str, facts: Facts) -> Fault | None:
    """Who logs in to a host and does not find its address there has come to another machine."""
    for name, other in sorted(facts.items()):
        if name == host.host or not isinstance(other, HostFacts):
            continue
        pair = sorted((name, host.host))
        if is_same_machine(host, other):
            words = f"{' and '.join(pair)} lead to one machine, which calls itself "
            return fault("one-machine", *pair, detail=words + (host.hostname or "nothing"))
        if addressing.uses(other, address):
            words = (
                f"{address} of {host.host} is held by the machine that {name} leads to: the login "
            )
            words += f"to {host.host} leads elsewhere, or the address was moved"
            return fault("login-astray", *pair, detail=words)
    return None


def is_same_machine(one: HostFacts, other: HostFacts) -> bool:
    """Whether two names of the cluster file surely lead to one machine."""
    if one.machine is None or other.machine is None:
        return False
    return bool(one.machine.instance) and one.machine.instance == other.machine.instance


def oddities(host: HostFacts, address: str, facts: Facts) -> Iterator[tuple[str, Fault]]:
    """What somebody should see to, a line each and what it is about."""
    name = host.host
    others = [f for n, f in sorted(facts.items()) if n != name and isinstance(f, HostFacts)]
    if since := started_during(host, facts):
        line = f"it was started {since:.0f} s before it was looked at, while the audit ran: what "
        line += "others met there before says nothing of it"
        yield line, fault("rebooted", name, detail=f"{name} was started anew during the audit")
    for other in others:
        if is_same_machine(host, other):
            pair = sorted((name, other.host))
            words = f"{' and '.join(pair)} are one machine: neither stands by for the other"
            yield words, fault("one-machine", *pair, detail=words)
    yield from _other_name(host, address, facts)
    yield from _copies(host, others)


def _other_name(host: HostFacts, address: str, facts: Facts) -> Iterator[tuple[str, Fault]]:
    called, name = _named(host, facts), host.host
    if not called or called == name:
        return
    line = f"{address} calls itself {host.hostname}; the file says {name}, and calls another host "
    other = facts.get(called)
    if isinstance(other, HostFacts) and _named(other, facts) == name:
        pair = sorted((called, name))
        words = f"{' and '.join(pair)} call themselves by each other's name"
        yield line + called, fault("other-name", *pair, detail=words)
    else:
        words = f"{name} calls itself {host.hostname}"
        yield line + called, fault("other-name", name, detail=words)


def _copies(host: HostFacts, others: Iterable[HostFacts]) -> Iterator[tuple[str, Fault]]:
    """Other machines that have what only one can have: somebody copied a disk."""
    shared: dict[str, list[str]] = defaultdict(list)
    own = host.machine
    for other in others:
        theirs = other.machine
        if own is None or theirs is None or not _are_two(host, other):
            continue
        if own.id and own.id == theirs.id:
            shared["machine-id"].append(other.host)
        if set(own.host_keys) & set(theirs.host_keys):
            shared["ssh host keys"].append(other.host)
    for what, names in shared.items():
        every = sorted((*names, host.host))
        shown = ", ".join(every[:SHOWN]) + (
            f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
        )
        words = f"{shown} have the same {what}, as copies of one machine have"
        # Named by the first of them, so that all of them find the same.
        yield words, fault("cloned", every[0], what.replace(" ", "-"), detail=words)


def _are_two(one: HostFacts, other: HostFacts) -> bool:
    known = one.machine and other.machine and one.machine.instance and other.machine.instance
    return not is_same_machine(one, other) if known else one.interfaces != other.interfaces


def started_during(host: HostFacts, facts: Facts) -> float:
    """Seconds since a host was started, where that was while this audit ran; else 0."""
    if host.clock is None or host.machine is None or host.machine.uptime is None:
        return 0.0
    sent = [f.clock.sent for f in facts.values() if isinstance(f, HostFacts) and f.clock]
    booted = (host.clock.sent + host.clock.received) / 2 - host.machine.uptime
    return host.machine.uptime if booted > min(sent) else 0.0


def _named(host: HostFacts, facts: Facts) -> str:
    """The name of the cluster file that a host gives itself, its own before others'; or empty."""
    told = host.hostname.lower()
    if not told:
        return ""
    short = told.partition(".")[0]
    whole = [name for name in facts if name.lower() == told]
    begun = [name for name in facts if short in (name.lower(), name.lower().partition(".")[0])]
    if host.host in (*whole, *begun):
        return host.host
    return next(iter(whole), begun[0] if len(begun) == 1 else "")


def _are_swapped(one: _Sight, other: _Sight) -> bool:
    """Whether each does what the other is looked at for, and nothing of its own."""
    mine, theirs = one.wanted - other.wanted, other.wanted - one.wanted
    if mine & one.shown or theirs & other.shown:
        return False
    taken, given = one.some(theirs), other.some(mine)
    if mine and theirs:
        return bool(taken and given)
    signs, wanted = (taken, theirs) if theirs else (given, mine)
    return len(signs) >= max(_LEAST, len(wanted) / 2)


def _words(sight: _Sight, of: Mapping[str, _Sight], facts: Facts, address: str = "") -> str:
    """Such as ``10.0.0.5 calls itself bill1 and runs radiusd, and the file says web1``."""
    host = sight.host
    where = address or _private(host, facts)
    foreign = {sign for one in of.values() for sign in one.wanted} - sight.wanted
    names = [p.name for p in host.processes if p.state != "Z"] + [o.name for o in host.others]
    patterns = [pattern for kind, pattern in sight.some(foreign) if kind == "process"]
    runs = [name for name in dict.fromkeys(names) if any(_finds(one, name) for one in patterns)]
    ports = [f"{kind}/{port}" for kind, port in sight.some(foreign) if kind != "process"]
    does = f"runs {', '.join(runs[:SHOWN])}" if runs else f"listens on {', '.join(ports[:SHOWN])}"
    called = f"calls itself {host.hostname}" if host.hostname else ""
    told = " and ".join(filter(None, (called, does if runs or ports else "")))
    return f"{where} {told}, and the file says {host.host}"


def _private(host: HostFacts, facts: Facts) -> str:
    """The address at which peers look for a host."""
    peers = {route.to for f in facts.values() if isinstance(f, HostFacts) for route in f.routes}
    held = (words.partition("/")[0] for one in host.interfaces for words in one.addresses)
    return next((words for words in held if words in peers), host.host)


def _compared(facts: Facts) -> Mapping[str, _Sight]:
    """The hosts of which enough was seen to compare what they do."""
    hosts = [host for _, host in sorted(facts.items()) if isinstance(host, HostFacts)]
    return _sights(tuple(map(Same, hosts)))


# Each host is compared with all others, and each check asks again.
@functools.lru_cache(maxsize=8)
def _sights(of: tuple[Same, ...]) -> Mapping[str, _Sight]:
    hosts = {one.facts.host: one.facts for one in of}
    asked = _asked_at(hosts)
    return {
        name: _sight(host, asked)
        for name, host in hosts.items()
        if not (host.gap("sockets") or host.gap("processes") or host.gap("interfaces"))
    }


def _asked_at(facts: Facts) -> Mapping[str, set[_Sign]]:
    """By address: the ports at which hosts ask services, each in its protocol."""
    found: dict[str, set[_Sign]] = defaultdict(set)
    for host in facts.values():
        for result in host.probes if isinstance(host, HostFacts) else ():
            kind, _, rest = result.key.partition(":")
            address, _, port = rest.rpartition(":")
            if result.answer is not None and kind in ("tcp", "tls", "udp"):
                found[address].add(("udp" if kind == "udp" else "tcp", port))
    return found


def _sight(host: HostFacts, asked: Mapping[str, set[_Sign]]) -> _Sight:
    patterns = (host.patterns or ())[: host.sought]
    held = {words.partition("/")[0] for one in host.interfaces for words in one.addresses}
    ports = {sign for address in held for sign in asked.get(address, ())}
    bound = {(s.transport, str(s.port)) for s in host.sockets if not s.connected}
    names = {p.name for p in host.processes if p.state != "Z"} | {o.name for o in host.others}

    @functools.cache
    def shows(sign: _Sign) -> bool:
        kind, words = sign
        if kind != "process":
            return sign in bound
        if host.patterns is not None and words in host.patterns:
            at = host.patterns.index(words)
            # What took too long may be one.
            if any(at in p.matches or at in p.undecided for p in host.processes):
                return True
        return any(_finds(words, name) for name in names)

    wanted = frozenset({("process", pattern) for pattern in patterns} | ports)
    return _Sight(host, wanted, shows, frozenset(filter(shows, wanted)))


def _finds(pattern: str, name: str) -> bool:
    try:
        return found(pattern, name)
    except Undecided:
        return False
