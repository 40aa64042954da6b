"""Facts of a cluster in which every check that can pass passes, made from its plan."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch.facts import (
    Arrival,
    Clock,
    Connection,
    Database,
    Disk,
    Handshake,
    HostFacts,
    Interface,
    Observation,
    ProbeResult,
    Process,
    Replication,
    Route,
    Socket,
)
from pytest_portaswitch.plan.check import (
    Check,
    HasConnection,
    HoldsConnection,
    Listens,
    Reaches,
    RefusesWrites,
    Runs,
    StandsBy,
    UsesPrivate,
)
from tests.unit.certificates import DAY, NOW, make

MOMENT = NOW.timestamp()
"""The clock of every host, and this machine's."""
SHOWN = make("root", "root", ca=True, ends=NOW + 305 * DAY)
"""The certificate of every service."""
DER = SHOWN.public_bytes(Encoding.DER)
CERTIFICATE = hashlib.sha256(DER).hexdigest()
HANDSHAKE = Handshake(
    version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", chain=(CERTIFICATE,), whole=True
)

Change = Callable[[HostFacts], Observation]


class _Host:
    def __init__(self) -> None:
        self.processes: dict[str, Process] = {}
        self.sockets: dict[str, Socket] = {}
        self.probes: dict[str, ProbeResult] = {}
        self.connections: dict[str, Connection] = {}
        self.databases: dict[str, Database] = {}
        self.addresses: set[str] = set()
        self.routes: dict[str, Route] = {}

    def process(self, name: str) -> int:
        pid = 100 + len(self.processes)
        default = Process(pid=pid, parent=1, name=name, command=name, user="porta", started=0.0)
        return self.processes.setdefault(name, default).pid


def facts(checks: Sequence[Check], names: dict[str, str]) -> dict[str, Observation]:
    """By host. ``names`` has, for each process pattern, a name that it matches."""
    hosts: dict[str, _Host] = defaultdict(_Host)
    for check in checks:
        _satisfy(check, hosts, names)
        _connect(check, hosts, names)
        _ask(check, hosts)
    # Whoever meets a certificate first has brought it for all.
    shown = [name for name, host in hosts.items() if any(p.tls for p in host.probes.values())][:1]
    return {
        name: HostFacts(
            host=name,
            method="python",
            privileged=True,
            took=0.5,
            processes=tuple(host.processes.values()),
            sockets=tuple(host.sockets.values()),
            probes=tuple(host.probes.values()),
            connections=tuple(host.connections.values()),
            databases=tuple(host.databases.values()),
            interfaces=(
                Interface(name="eth0", up=True, mtu=1500, addresses=tuple(sorted(host.addresses))),
            ),
            routes=tuple(host.routes.values()),
            release="MR119",
            ephemeral_ports=(10000, 34999),
            certificates={CERTIFICATE: DER} if name in shown else {},
            clock=Clock(host=MOMENT, sent=MOMENT - 0.1, received=MOMENT + 0.1),
            disks=(Disk(folder="/", kind="ext4", size=1000, free=900, inodes=100, inodes_free=90),),
        )
        for name, host in hosts.items()
    }


def _arrivals(expects: Reaches) -> dict[str, ProbeResult]:
    arrival = Arrival(seen=True, watcher=expects.destination.hosts[0])
    keys = [f"udp:{expects.destination.address}:{number}" for number in expects.sample]
    return {key: ProbeResult(key=key, outcome="silent", arrival=arrival) for key in keys}


def _answers(expects: Reaches) -> dict[str, ProbeResult]:
    outcome = "replied" if expects.ports.transport == "udp" else "connected"
    start = f"{expects.ports.transport}:{expects.destination.address}"
    keys = [f"{start}:{number}" for number in expects.ports.numbers]
    results = {key: _result(key, outcome, answered=True) for key in keys}
    if expects.ports.transport != "tls":
        return results
    return {key: msgspec.structs.replace(one, tls=HANDSHAKE) for key, one in results.items()}


def _satisfy(check: Check, hosts: dict[str, _Host], names: dict[str, str]) -> None:
    expects = check.expects
    if isinstance(expects, Runs):
        hosts[expects.host].process(names[expects.process.match])
    elif isinstance(expects, Listens):
        # Of a virtual IP's group the first holds it.
        host = hosts[expects.place.hosts[0]]
        host.addresses.add(f"{expects.place.address}/24")
        pid = host.process(names[expects.process.match])
        if expects.ports.demand != "range":
            transport = "udp" if expects.ports.transport == "udp" else "tcp"
            for number in expects.ports.numbers:
                socket = Socket(transport=transport, address="0.0.0.0", port=number, pids=(pid,))  # noqa: S104
                host.sockets[f"{transport}{number}"] = socket
    elif isinstance(expects, Reaches):
        hosts[expects.source].probes |= _arrivals(expects) or _answers(expects)
    elif isinstance(expects, HasConnection):
        key = f"icmp:{expects.destination.address}:0"
        hosts[expects.source].probes[key] = _result(key, "replied")
        port = expects.login_port
        host = hosts[expects.destination.name]
        host.sockets[f"tcp{port}"] = Socket(
            transport="tcp",
            address="0.0.0.0",  # noqa: S104
            port=port,
            pids=(host.process("sshd"),),
        )
    elif isinstance(expects, UsesPrivate):
        host = hosts[expects.host]
        host.addresses.add(f"{expects.address}/24")
        for address in expects.peers.values():
            host.routes[address] = Route(to=address, interface="eth0", source=expects.address)
    elif isinstance(expects, StandsBy):
        for name in expects.place.hosts:
            hosts[name].process(names[expects.process.match])


def _connect(check: Check, hosts: dict[str, _Host], names: dict[str, str]) -> None:
    expects = check.expects
    if isinstance(expects, HoldsConnection):
        host = hosts[expects.source]
        host.addresses.add(f"{expects.address}/24")
        host.connections[check.id] = Connection(
            local=expects.address,
            remote=expects.destination.address,
            local_port=40000 + len(host.connections),
            remote_port=expects.ports.numbers[0],
            pids=(host.process(names[expects.process.match]),),
        )
        other = hosts[expects.destination.hosts[0]]
        other.connections[f"{expects.address} {check.id}"] = Connection(
            local=expects.destination.address,
            remote=expects.address,
            local_port=expects.ports.numbers[0],
            remote_port=None,
            pids=(),
        )


def _ask(check: Check, hosts: dict[str, _Host]) -> None:
    expects = check.expects
    if isinstance(expects, RefusesWrites) and expects.account:
        key = f"mysql:{expects.destination.address}:{expects.ports.numbers[0]}"
        stream = Replication(source="10.0.0.3:3306", receives="Yes", applies="Yes", lag=0)
        hosts[expects.source].databases[key] = Database(
            key=key,
            version="10.11.6-MariaDB",
            variables={"read_only": "ON"},
            replication=(stream,),
            grants=("REPLICATION CLIENT ON *.*",),
        )

    if isinstance(expects, Reaches) and expects.writes:
        for number in expects.ports.numbers:
            key = f"mysql:{expects.destination.address}:{number}"
            variables = {"read_only": "OFF", "datadir": "/var/lib/mysql/"}
            hosts[expects.writes.source].databases[key] = Database(key=key, variables=variables)


def _result(key: str, outcome: str, *, answered: bool = False) -> ProbeResult:
    plain: dict[str, object] = {
        "key": key,
        "outcome": outcome,
        "source": "10.0.0.1",
        "elapsed": 0.001,
    }
    if answered:
        plain["answer"] = {"answered": True, "words": "here I am"}
    return msgspec.convert(plain, ProbeResult)


def matching_names(checks: Sequence[Check], candidates: Sequence[str]) -> dict[str, str]:
    """For each pattern of the checks, the first candidate that it matches."""
    patterns = {
        check.expects.process.match
        for check in checks
        if isinstance(check.expects, (Listens, Runs, StandsBy, HoldsConnection))
    }
    return {
        pattern: next(name for name in candidates if re.search(pattern, name))
        for pattern in sorted(patterns)
    }
