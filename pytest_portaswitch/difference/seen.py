"""What was seen of a cluster's hosts and is otherwise now, whether or not a check fails by it.

Only hosts that were looked at both times are compared; of the others it is said why not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pytest_portaswitch.difference.certificates import certificates
from pytest_portaswitch.difference.model import Aspect, Change, Uncompared
from pytest_portaswitch.difference.snapshot import Snapshot
from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.undeclared import undeclared_listeners
from pytest_portaswitch.plan.check import Listens, NothingElse

Values = Mapping[str, str]
"""Where, and what was seen there; empty where it is known that there was nothing."""


def changes(before: Snapshot, now: Snapshot) -> Iterator[Change]:
    """Everything that is otherwise, of the cluster first, then by aspect and place."""
    yield from _between("release", {"": before.release}, {"": now.release})
    yield from _between("tables", {"": before.run.tables}, {"": now.run.tables})
    hosts = {
        name: (was, is_now)
        for name, is_now in sorted(now.hosts.items())
        if isinstance(was := before.hosts.get(name), HostFacts) and isinstance(is_now, HostFacts)
    }
    for aspect, attribute in (("release", "release"), ("system", "system"), ("kernel", "kernel")):
        for name, (was, is_now) in hosts.items():
            one, other = getattr(was, attribute), getattr(is_now, attribute)
            if one and other:
                yield from _between(aspect, {name: one}, {name: other})  # type: ignore[arg-type]
    for name, (was, is_now) in hosts.items():
        if not (was.gap("interfaces") or is_now.gap("interfaces")):
            yield from _sets("address", name, _addresses(was), _addresses(is_now))
    yield from _listeners(before, now, hosts)
    yield from _between("certificate", *certificates(before, now))
    yield from _undeclared(before, now, hosts)
    yield from _warnings(before, now)


def uncompared(before: Snapshot, now: Snapshot) -> Iterator[Uncompared]:
    """The hosts that were not looked at both times, and why."""
    for name in sorted({*before.hosts, *now.hosts}):
        whys = [
            f"{when} {why}"
            for when, snapshot in (("before", before), ("now", now))
            if (why := _unseen(snapshot.hosts.get(name)))
        ]
        if whys:
            yield Uncompared(host=name, why="; ".join(whys))


def _unseen(observation: Observation | None) -> str:
    if observation is None:
        return "it was not asked for"
    if isinstance(observation, HostFacts):
        return ""
    return f"it could not be looked at: {observation.detail} [{observation.why}]"


def _between(aspect: Aspect, before: Values, now: Values) -> Iterator[Change]:
    for where in sorted({*before, *now}):
        one, other = before.get(where, ""), now.get(where, "")
        if one != other:
            yield Change(aspect=aspect, where=where, before=one, now=other)


def _sets(
    aspect: Aspect, where: str, before: Iterable[str], now: Iterable[str]
) -> Iterator[Change]:
    """Each thing that is there no more, or was not there."""
    one, other = set(before), set(now)
    for words in sorted(one - other):
        yield Change(aspect=aspect, where=where, before=words, now="")
    for words in sorted(other - one):
        yield Change(aspect=aspect, where=where, before="", now=words)


def _addresses(host: HostFacts) -> set[str]:
    """Addresses with their interface; those of loopback and of one link say nothing."""
    return {
        f"{address} on {interface.name}"
        for interface in host.interfaces
        for address in interface.addresses
        if not address.startswith(("127.", "::1", "fe80:"))
    }


def _listeners(
    before: Snapshot, now: Snapshot, hosts: Mapping[str, tuple[HostFacts, HostFacts]]
) -> Iterator[Change]:
    """Of the ports that rows speak of in both audits: whose they are, and where they listen.

    That nothing listens any more is for the checks to say.
    """
    places = _places(before) & _places(now)
    processes: tuple[dict[str, str], dict[str, str]] = ({}, {})
    addresses: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for name, transport, port in sorted(places):
        if name not in hosts:
            continue
        found = [_who(host, transport, port) for host in hosts[name]]
        where = f"{name} {transport}/{port}"
        for index, (names, bound) in enumerate(found):
            if all(each[0] for each in found):
                processes[index][where] = names
            if all(each[1] for each in found):
                addresses[index][where] = bound
    yield from _between("process", *processes)
    yield from _between("listening address", *addresses)


def _places(snapshot: Snapshot) -> set[tuple[str, str, int]]:
    return {
        (host, "udp" if expects.ports.transport == "udp" else "tcp", number)
        for check in snapshot.checks
        if isinstance(expects := check.expects, Listens) and expects.ports.demand != "range"
        for host in expects.place.hosts
        for number in expects.ports.numbers
    }


def _who(host: HostFacts, transport: str, port: int) -> tuple[str, str]:
    """Names of the processes and addresses; empty where there is none, or nobody could see."""
    sockets = [
        socket
        for socket in host.sockets
        if (socket.transport, socket.port) == (transport, port) and not socket.connected
    ]
    owners = [process for socket in sockets for process in seen.owners(host, socket)]
    # Without children that share the socket: they come and go with the load.
    pids = {process.pid for process in owners}
    names = {process.name for process in owners if process.parent not in pids}
    return ", ".join(sorted(names)), ", ".join(sorted({socket.address for socket in sockets}))


def _undeclared(
    before: Snapshot, now: Snapshot, hosts: Mapping[str, tuple[HostFacts, HostFacts]]
) -> Iterator[Change]:
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for index, snapshot in enumerate((before, now)):
        for check in snapshot.checks:
            expects = check.expects
            if isinstance(expects, NothingElse) and expects.host in hosts:
                lines = undeclared_listeners(hosts[expects.host][index], expects)
                if lines is not None:
                    found[expects.host].append(lines)
    for name, both in sorted(found.items()):
        if len(both) == 2:
            yield from _sets("undeclared listener", name, *both)


def _warnings(before: Snapshot, now: Snapshot) -> Iterator[Change]:
    """Checks that warn and did not, or no more. The words may hold a number that drifts."""
    old = {check.id: check for check in before.checks}
    for check in now.checks:
        was = old.get(check.id)
        if was is None or check.kind == "undeclared" or bool(was.warnings) == bool(check.warnings):
            continue
        if was.verdict == check.verdict == "pass":
            yield Change(
                aspect="warning",
                where=check.id,
                before="; ".join(was.warnings),
                now="; ".join(check.warnings),
            )
