"""Breaks a healthy cluster's facts as a fault would: what the host shows and what its peers meet.

A line of a case file is one of::

    kill bill1 radiusd             no process, no socket; peers are refused
    hang db1 mysqld                 it accepts nothing; the first peers connect, the others do not
    freeze bill1 radiusd           the process is stopped; peers connect and are not answered
    deafen proc2 registrar         it runs, and listens nowhere
    move proc2 registrar 5165      it listens on another port
    loopback proc1 imgate          it listens on 127.0.0.1
    impostor proc1 imap-server     somebody else has its sockets
    drop bill1,bill2 db1 tcp:3306  packets from hosts to hosts vanish; ``*``: of all ports, hosts
    reject sbc1 bill1 udp:1812     a firewall refuses them
    retry bill1 db1 tcp:3306 2 1   it was tried so often, and so many tries were lost
    resend bill1 db1 tcp:3306 3    so many packets had to be sent again
    shrink sip1 proc1 tls:993      only small segments came through
    cut proc1 sip1 drop            the first drops (reject: rejects) what the second sends, so that
                                   it gets no answers either; datagrams are seen arriving
    prohibit sip1 proc1 tcp:5065   a firewall says that it is prohibited
    forbid bill1 db1 *             the source's own firewall forbids them
    say bill1 db1 tcp:3306 FINDING WORDS       the service answers so
    hint bill1 db1 tcp:3306 FINDING WORDS      the same without an answer as what it is
    mute sip1 proc1 tcp:5065       it connects and no answer comes
    unseen bill2 WHY DETAIL        the audit cannot look at the host; its peers still reach it
    down bill2                     nobody reaches it
    disconnect bill1 alerter       it holds no connection any more
    hold sip-front sip1,sip2       these hold the virtual IP
    borrow web1 sip1               it holds the address of another host, or a virtual IP, as well
    without web1 owners sudo refused           something could not be seen
    lose db2 db1                   the replica db2 is connecting to db1, and gets nowhere
    shell proc1                    there is no Python on it, so that it asks nobody
    skew web1 300                  its clock is ahead by so many seconds
    install web1 MR118             another release is there
    resize web1 1400               its private interface has another MTU
    misroute bill1 db1,sip1        it sends to these by another interface
    swap web1 bill1                each has the other's address in the cluster file
    call web1 bill1                it calls itself so
    copy bill2 bill1               it is a copy of that machine
    lead bill2 bill1               both names lead to one machine
    address bill1 10.0.0.6         its interface has this address instead
    restart bill1 5                it was started so many seconds before it was looked at
    renew bill1 radiusd 120        it was started so many minutes ago, all else a month ago
    close db1 super_read_only      that variable of its MySQL server is ON
    forget db1 bill1               it knows nothing of what that host is connected to
    lend proc1                     its kernel gives ports of the RTP range to clients
"""

from __future__ import annotations

import fnmatch
import itertools
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import msgspec

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.facts import (
    Gap,
    HostFacts,
    Interface,
    Observation,
    ProbeResult,
    Process,
    Unobserved,
)
from pytest_portaswitch.facts.answer import Answer
from pytest_portaswitch.facts.database import Replication
from pytest_portaswitch.facts.model import Arrival, Clock, Machine
from pytest_portaswitch.observe.process_patterns import PatternsByHost
from pytest_portaswitch.plan import Plan, expand
from pytest_portaswitch.plan.check import HasConnection
from pytest_portaswitch.protocols.answer import silence
from tests.plugin import healthy
from tests.plugin.scripted import NAMES

SITE = Path(__file__).parent / "site.yaml"
CLUSTER = clusters.load(SITE)
PLAN: Plan = expand(tables.load(CLUSTER.release), CLUSTER)


def _knocking(found: dict[str, Observation]) -> dict[str, Observation]:
    """With the ssh ports asked as well, so that a line can say what they meet.

    An audit asks them only where no echo comes back.
    """
    for expects in (check.expects for check in PLAN.checks):
        if isinstance(expects, HasConnection):
            seen = found[expects.source]
            assert isinstance(seen, HostFacts)
            key = f"tcp:{expects.destination.address}:{expects.login_port}"
            knock = ProbeResult(key=key, outcome="connected")
            found[seen.host] = msgspec.structs.replace(seen, probes=(*seen.probes, knock))
    return found


HEALTHY = _knocking(healthy.facts(PLAN.checks, healthy.matching_names(PLAN.checks, NAMES)))

ADDRESSES = {host.name: host.private for host in CLUSTER.hosts.values()}
ADDRESSES |= {vip.name: vip.address for vip in CLUSTER.virtual_ips}

Facts = dict[str, Observation]


def facts(lines: Iterable[str]) -> Facts:
    """The facts of a cluster in which all this happened, in this order."""
    found = dict(HEALTHY)
    for line in lines:
        word, *arguments = shlex.split(line)
        MISCHIEF[word](found, *arguments)
    return found


def _change(found: Facts, host: str, **fields: Any) -> None:
    seen = found[host]
    assert isinstance(seen, HostFacts)
    found[host] = msgspec.structs.replace(seen, **fields)


def _host(found: Facts, host: str) -> HostFacts:
    seen = found[host]
    assert isinstance(seen, HostFacts)
    return seen


def _pids(found: Facts, host: str, name: str) -> set[int]:
    pids = {p.pid for p in _host(found, host).processes if p.name == name}
    assert pids, f"no {name} on {host}"
    return pids


def _probes(
    found: Facts, sources: Iterable[str], keys: str, change: Callable[[ProbeResult], ProbeResult]
) -> int:
    changed = 0
    for source in sources:
        seen = found[source]
        if isinstance(seen, HostFacts):
            results = tuple(
                change(r) if fnmatch.fnmatchcase(r.key, keys) else r for r in seen.probes
            )
            changed += sum(a is not b for a, b in zip(results, seen.probes, strict=True))
            found[source] = msgspec.structs.replace(seen, probes=results)
    return changed


def _outcome(outcome: str, *, answer: Answer | None = None, detail: str = "") -> Any:
    return lambda result: msgspec.structs.replace(
        result, outcome=outcome, answer=answer, detail=detail
    )


def _at(found: Facts, host: str, pids: set[int], change: Callable[[ProbeResult], Any]) -> None:
    """What everybody meets at the sockets of a process, at all addresses that lead to it."""
    for socket in _host(found, host).sockets:
        if set(socket.pids or ()) & pids:
            addresses = [ADDRESSES[host]]
            addresses += [v.address for v in CLUSTER.virtual_ips if v.hosts[0] == host]
            for address in addresses:
                for transport in ("udp",) if socket.transport == "udp" else ("tcp", "tls"):
                    key = f"{transport}:{address}:{socket.port}"
                    _probes(found, found, key, change)


def _without(found: Facts, host: str, pids: set[int]) -> tuple[Any, ...]:
    return tuple(s for s in _host(found, host).sockets if not set(s.pids or ()) & pids)


def kill(found: Facts, host: str, name: str) -> None:
    pids = _pids(found, host, name)
    _at(found, host, pids, _outcome("refused"))
    processes = tuple(p for p in _host(found, host).processes if p.pid not in pids)
    _change(found, host, sockets=_without(found, host, pids), processes=processes)


def freeze(found: Facts, host: str, name: str) -> None:
    pids = _pids(found, host, name)
    _at(found, host, pids, _unanswered)
    processes = tuple(
        msgspec.structs.replace(p, state="T") if p.pid in pids else p
        for p in _host(found, host).processes
    )
    _change(found, host, processes=processes)


def hang(found: Facts, host: str, name: str) -> None:
    """Its accept queue is full, so that the kernel drops what would open a connection."""
    pids = _pids(found, host, name)
    mute = silence("no-answer", "it took the question and said nothing")
    met = itertools.count()

    def change(result: ProbeResult) -> ProbeResult:
        if next(met) < 2 and not result.key.startswith("tls"):
            return cast(ProbeResult, _outcome("connected", answer=mute)(result))
        return cast(ProbeResult, _outcome("silent", detail="no answer in 3 s")(result))

    _at(found, host, pids, change)
    sockets = tuple(
        msgspec.structs.replace(s, queued=2, queued_later=2, backlog=1)
        if s.transport == "tcp" and set(s.pids or ()) & pids
        else s
        for s in _host(found, host).sockets
    )
    _change(found, host, sockets=sockets)


def _unanswered(result: ProbeResult) -> ProbeResult:
    outcome = "silent" if result.key.startswith("udp") else "connected"
    answer = Answer(answered=False, finding="no-answer", words="it said nothing")
    return msgspec.structs.replace(result, outcome=outcome, answer=answer)


def deafen(found: Facts, host: str, name: str) -> None:
    pids = _pids(found, host, name)
    _at(found, host, pids, _outcome("refused"))
    _change(found, host, sockets=_without(found, host, pids))


def move(found: Facts, host: str, name: str, port: str) -> None:
    pids = _pids(found, host, name)
    moved = [s for s in _host(found, host).sockets if set(s.pids or ()) & pids]
    deafen(found, host, name)
    sockets = tuple(msgspec.structs.replace(s, port=int(port)) for s in moved)
    _change(found, host, sockets=_host(found, host).sockets + sockets)


def loopback(found: Facts, host: str, name: str) -> None:
    pids = _pids(found, host, name)
    bound = [s for s in _host(found, host).sockets if set(s.pids or ()) & pids]
    deafen(found, host, name)
    sockets = tuple(msgspec.structs.replace(s, address="127.0.0.1") for s in bound)
    _change(found, host, sockets=_host(found, host).sockets + sockets)


def impostor(found: Facts, host: str, name: str) -> None:
    pids = _pids(found, host, name)
    answer = Answer(answered=False, finding="not-this-protocol", words="it said hello")
    _at(found, host, pids, lambda r: msgspec.structs.replace(r, answer=answer))
    processes = tuple(
        msgspec.structs.replace(p, name="nc", command="nc -l") if p.pid in pids else p
        for p in _host(found, host).processes
    )
    _change(found, host, processes=processes)


def _between(
    found: Facts, sources: str, destinations: str, port: str, change: Callable[[Any], Any]
) -> None:
    froms = list(found) if sources == "*" else sources.split(",")
    tos = list(ADDRESSES) if destinations == "*" else destinations.split(",")
    changed = 0
    for to in tos:
        transport, _, number = port.partition(":")
        keys = f"*:{ADDRESSES[to]}:*" if port == "*" else f"{transport}:{ADDRESSES[to]}:{number}"
        changed += _probes(found, froms, keys, change)
    assert changed, f"no probe from {sources} to {destinations} {port}"


def drop(found: Facts, sources: str, destinations: str, port: str) -> None:
    _between(found, sources, destinations, port, _dropped)


def _dropped(result: ProbeResult) -> ProbeResult:
    seen = result.arrival and msgspec.structs.replace(result.arrival, seen=False)
    return msgspec.structs.replace(result, outcome="silent", answer=None, detail="", arrival=seen)


def retry(found: Facts, sources: str, destinations: str, port: str, tries: str, lost: str) -> None:
    def change(result: ProbeResult) -> ProbeResult:
        return msgspec.structs.replace(result, tries=int(tries), lost=int(lost))

    _between(found, sources, destinations, port, change)


def resend(found: Facts, sources: str, destinations: str, port: str, packets: str) -> None:
    def change(result: ProbeResult) -> ProbeResult:
        return msgspec.structs.replace(result, resent=int(packets))

    _between(found, sources, destinations, port, change)


def shrink(found: Facts, sources: str, destinations: str, port: str) -> None:
    def change(result: ProbeResult) -> ProbeResult:
        return msgspec.structs.replace(result, smaller=536)

    _between(found, sources, destinations, port, change)


def reject(found: Facts, sources: str, destinations: str, port: str) -> None:
    _between(found, sources, destinations, port, _outcome("refused"))


def cut(found: Facts, host: str, source: str, verdict: str) -> None:
    """From the source's private address; it is from there that it answers its peers."""
    held = [v.name for v in CLUSTER.virtual_ips if v.hosts[0] == host]
    to = [f"*:{ADDRESSES[place]}:*" for place in (host, *held)]
    for keys in to:
        _probes(found, [source], keys, _cut(host, verdict))
    _probes(found, [host], f"*:{ADDRESSES[source]}:*", _cut(source, "drop"))


def _cut(watcher: str, verdict: str) -> Callable[[ProbeResult], ProbeResult]:
    def change(result: ProbeResult) -> ProbeResult:
        # Only some of what is rejected is told: a kernel limits how often it says so.
        refused = verdict == "reject" and int(result.key.rpartition(":")[2]) % 2
        outcome = "refused" if refused else "silent"
        if not result.key.startswith("udp"):
            return _outcome(outcome)(result)
        finding = "not-obliged" if result.key.endswith((":1812", ":1813")) else "no-answer"
        answer = msgspec.convert({"answered": False, "finding": finding, "words": ""}, Answer)
        return msgspec.structs.replace(
            result,
            outcome=outcome,
            answer=None if refused else answer,
            arrival=Arrival(seen=True, watcher=watcher),
        )

    return change


def prohibit(found: Facts, sources: str, destinations: str, port: str) -> None:
    _between(found, sources, destinations, port, _outcome("unreachable", detail="EHOSTUNREACH"))


def forbid(found: Facts, sources: str, destinations: str, port: str) -> None:
    _between(found, sources, destinations, port, _outcome("error", detail="EPERM"))


def say(found: Facts, sources: str, to: str, port: str, finding: str, *words: str) -> None:
    answer = msgspec.convert(
        {"answered": True, "finding": finding, "words": " ".join(words)}, Answer
    )
    _between(
        found, sources, to, port, lambda result: msgspec.structs.replace(result, answer=answer)
    )


def hint(found: Facts, sources: str, to: str, port: str, finding: str, *words: str) -> None:
    say(found, sources, to, port, finding, *words)
    _between(
        found,
        sources,
        to,
        port,
        lambda r: msgspec.structs.replace(
            r, answer=msgspec.structs.replace(r.answer, answered=False)
        ),
    )


def mute(found: Facts, sources: str, destinations: str, port: str) -> None:
    _between(found, sources, destinations, port, _unanswered)


def unseen(found: Facts, host: str, why: str, *detail: str) -> None:
    for name in fnmatch.filter(found, host):
        found[name] = Unobserved(host=name, why=why, detail=" ".join(detail))  # type: ignore[arg-type]


def down(found: Facts, host: str) -> None:
    unseen(found, host, "connection-timeout", "no answer within 10 s")
    drop(found, "*", host, "*")


def disconnect(found: Facts, host: str, name: str) -> None:
    pids = _pids(found, host, name)
    kept = tuple(c for c in _host(found, host).connections if not set(c.pids or ()) & pids)
    _change(found, host, connections=kept)


def hold(found: Facts, vip: str, hosts: str) -> None:
    held = f"{ADDRESSES[vip]}/24"
    for member in next(v.hosts for v in CLUSTER.virtual_ips if v.name == vip):
        (interface,) = _host(found, member).interfaces
        addresses = [a for a in interface.addresses if a != held]
        if member in hosts.split(","):
            addresses.append(held)
        changed = Interface(name="eth0", up=True, mtu=1500, addresses=tuple(addresses))
        _change(found, member, interfaces=(changed,))
    if hosts == "none":
        drop(found, "*", vip, "*")


def borrow(found: Facts, host: str, owner: str) -> None:
    (interface,) = _host(found, host).interfaces
    held = (*interface.addresses, f"{ADDRESSES[owner]}/24")
    _change(found, host, interfaces=(msgspec.structs.replace(interface, addresses=held),))


def without(found: Facts, hosts: str, what: str, *why: str) -> None:
    gaps = (Gap(what=what, why=" ".join(why)),)
    for host in fnmatch.filter(found, hosts):
        if what != "owners":
            _change(found, host, gaps=gaps)
            continue
        sockets = tuple(msgspec.structs.replace(s, pids=None) for s in _host(found, host).sockets)
        _change(found, host, gaps=gaps, sockets=sockets, privileged=False)


def shell(found: Facts, host: str) -> None:
    why = "no Python on the host"
    _probes(found, [host], "*", _outcome("error", detail=why))
    _change(found, host, method="shell", disks=(), gaps=(Gap(what="disks", why=why),))


def lose(found: Facts, replica: str, source: str) -> None:
    stream = Replication(source=f"{source}:3306", receives="Connecting", applies="Yes")
    for host, seen in list(found.items()):
        if isinstance(seen, HostFacts):
            asked = tuple(
                msgspec.structs.replace(one, replication=(stream,))
                if f":{ADDRESSES[replica]}:" in one.key
                else one
                for one in seen.databases
            )
            _change(found, host, databases=asked)


def skew(found: Facts, host: str, seconds: str) -> None:
    _change(found, host, clock=Clock(host=1000.0 + float(seconds), sent=1000.0, received=1000.0))


def install(found: Facts, host: str, release: str) -> None:
    _change(found, host, release=release)


def resize(found: Facts, host: str, mtu: str) -> None:
    changed = [msgspec.structs.replace(i, mtu=int(mtu)) for i in _host(found, host).interfaces]
    _change(found, host, interfaces=tuple(changed))


def misroute(found: Facts, host: str, peers: str) -> None:
    wrong = {ADDRESSES[peer] for peer in peers.split(",")}
    routes = tuple(
        msgspec.structs.replace(route, interface="eth1", source="203.0.113.5")
        if route.to in wrong
        else route
        for route in _host(found, host).routes
    )
    _change(found, host, routes=routes)


def swap(found: Facts, one: str, other: str) -> None:
    """What is at the address of one is the machine of the other."""
    first, second = _host(found, one), _host(found, other)
    patterns = PatternsByHost()
    for check in PLAN.checks:
        patterns.take(check.expects)
    for name, observation in list(found.items()):
        if isinstance(observation, HostFacts):
            tried, sought = patterns.of(name)
            _change(found, name, patterns=tried, sought=sought)
    for name, before, after in ((one, first, second), (other, second, first)):
        _change(
            found,
            name,
            hostname=after.host,
            processes=_tried(after.processes, _host(found, name).patterns or ()),
            sockets=after.sockets,
            connections=after.connections,
        )
        ports = {(s.transport, s.port) for s in after.sockets}

        def met(result: ProbeResult, ports: set[tuple[Any, int]] = ports) -> ProbeResult:
            kind, _, rest = result.key.partition(":")
            at = ("udp" if kind == "udp" else "tcp", int(rest.rpartition(":")[2]))
            open_to_all = kind == "icmp" or at[1] == 22 or at in ports
            return result if open_to_all else cast(ProbeResult, _outcome("refused")(result))

        _probes(found, found, f"*:{ADDRESSES[before.host]}:*", met)
    for name, observation in list(found.items()):
        if name not in (one, other) and isinstance(observation, HostFacts):
            tried = observation.patterns or ()
            _change(found, name, processes=_tried(observation.processes, tried))


def _tried(processes: tuple[Process, ...], patterns: tuple[str, ...]) -> tuple[Process, ...]:
    """As a host says which match."""
    return tuple(
        msgspec.structs.replace(
            process,
            matches=tuple(at for at, each in enumerate(patterns) if re.search(each, process.name)),
        )
        for process in processes
    )


def call(found: Facts, host: str, name: str) -> None:
    _change(found, host, hostname=name)


def copy(found: Facts, host: str, other: str) -> None:
    key = "SHA256:" + "a" * 43
    for number, name in enumerate((host, other)):
        machine = Machine(id="a" * 32, instance=f"{number:032x}", host_keys=(key,))
        _change(found, name, machine=machine)


def lead(found: Facts, host: str, other: str) -> None:
    for name in (host, other):
        _change(found, name, machine=Machine(instance="b" * 32), hostname=other)
    _change(found, host, interfaces=_host(found, other).interfaces)


def address(found: Facts, host: str, words: str) -> None:
    (interface,) = _host(found, host).interfaces
    changed = msgspec.structs.replace(interface, addresses=(f"{words}/24",))
    _change(found, host, interfaces=(changed,))


def restart(found: Facts, host: str, age: str) -> None:
    """The others are looked at some seconds before it."""
    clock = _host(found, host).clock
    assert clock is not None
    later = {name: getattr(clock, name) + 20.0 for name in ("host", "sent", "received")}
    _change(found, host, machine=Machine(uptime=float(age)), clock=Clock(**later))


def renew(found: Facts, host: str, name: str, age: str) -> None:
    seen = _host(found, host)
    assert seen.clock is not None
    month = 30 * 24 * 3600.0
    started = {True: seen.clock.host - 60 * float(age), False: seen.clock.host - month}
    processes = (
        msgspec.structs.replace(process, started=started[process.name == name])
        for process in seen.processes
    )
    _change(found, host, machine=Machine(uptime=month), processes=tuple(processes))


def close(found: Facts, server: str, variable: str) -> None:
    for host, seen in list(found.items()):
        if isinstance(seen, HostFacts):
            asked = tuple(
                msgspec.structs.replace(one, variables={**one.variables, variable: "ON"})
                if f":{ADDRESSES[server]}:" in one.key
                else one
                for one in seen.databases
            )
            _change(found, host, databases=asked)


def forget(found: Facts, host: str, client: str) -> None:
    kept = tuple(c for c in _host(found, host).connections if c.remote != ADDRESSES[client])
    _change(found, host, connections=kept)


def lend(found: Facts, host: str) -> None:
    _change(found, host, ephemeral_ports=(32768, 60999), reserved_ports=())


MISCHIEF: dict[str, Callable[..., None]] = {
    made.__name__: made
    for made in (
        hang,
        kill, freeze, deafen, move, loopback, impostor, drop, reject, cut, prohibit, forbid, say,
        hint, mute, unseen, down, disconnect, hold, borrow, without, shell, lose, skew, install,
        resize, misroute, swap, call, copy, lead, address, restart,
        close, renew, forget, lend, retry, resend, shrink,
    )
}  # fmt: skip
