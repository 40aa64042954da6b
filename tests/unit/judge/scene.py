"""Reads a case file's short hand for facts and checks.

A host is written as::

    bill1:
      processes: ["11 radiusd freerad S /usr/sbin/radiusd -f"]   # pid[<parent] name user ...
                                                                 # S+container: in a container
                                                                 # user@7200: seconds ago
      patterns: [radiusd]                  # that were tried on all processes
      sockets: ["udp 10.0.0.5:1812 11"]                          # transport address:port pids
                                                                 # 0.0.0.0%eth1:1812
      interfaces: ["eth0 10.0.0.5/24"]                           # eth0=1400 for another MTU
                                                                 # eth0!down, eth0@vrf, and
                                                                 # 10.0.0.5/24! for unusable
      connections: ["10.0.0.5:40000 10.0.0.3:3306 11"]           # local remote pids
      routes: ["10.0.0.3 eth0 10.0.0.5"]                         # to interface source
      clock: [0.2, 300.1]                # the trip's length; the host's clock from its middle on
      release: MR119                       # inactive-release: on the other partition
      hostname: bill1
      machine: {instance: aaaa}            # id, instance (repeated to their length), uptime, keys
      ephemeral: [32768, 60999]
      reserved: [[35000, 64999]]
      default-routes: ["eth1 10.0.0.1 static /a /b"]   # "-" for none; "?why" at the end: unread
      disks: ["/var ext4 1000 90 50 40"]                     # size free inodes inodes-free
      programs: ["/usr/sbin/x executable"]                   # or there, missing, error WORDS
      probes: ["tcp:10.0.0.3:3306 connected"]      # key outcome detail says FINDING WORDS
                                                 # arrived|lost|blind WATCHER
      shakes: ["tls:10.0.0.8:993 TLSv1.3 AES leaf middle"]       # key version cipher certificates
      day: 0                                       # of the clock of who audits, since NOW

and a host that could not be looked at as ``{unobserved: connection-timeout, detail: "..."}``.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch.facts import (
    Clock,
    Connection,
    Database,
    DefaultRoutes,
    Disk,
    Gap,
    Handshake,
    Hint,
    HostFacts,
    Interface,
    Machine,
    Observation,
    ProbeResult,
    Process,
    Program,
    Route,
    Socket,
    Unobserved,
)
from pytest_portaswitch.plan.check import Check
from tests.unit.certificates import DAY, LEAF, MIDDLE, NOW, ROOT, make

KNOWN = {
    "leaf": LEAF,
    "middle": MIDDLE,
    "root": ROOT,
    "new": make("new", "middle", ends=NOW + 365 * DAY),
    "old": make("old", "middle", ends=NOW - 20 * DAY),
    "client": make(
        "client",
        "middle",
        more=(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]),),
    ),
    "over": make("middle", "root", ca=True, ends=NOW - DAY),
}
CERTIFICATES = {
    **{name: one.public_bytes(Encoding.DER) for name, one in KNOWN.items()},
    "garbage": b"0\x82",
}
PEMS = {name: one.public_bytes(Encoding.PEM).decode() for name, one in KNOWN.items()}


def fingerprint(name: str) -> str:
    """As facts name a certificate."""
    return hashlib.sha256(CERTIFICATES[name]).hexdigest()


def with_names(text: bytes) -> bytes:
    """With the names of certificates where a fault has the beginning of their sum."""
    for name in CERTIFICATES:
        text = text.replace(f'"{fingerprint(name)[:16]}"'.encode(), f'"{name}"'.encode())
    return text


MARKS = {"v6only": {"v6only": True}, "dual": {"v6only": False}, "connected": {"connected": True}}


def facts(hosts: dict[str, Any]) -> dict[str, Observation]:
    """The observations of a case file's ``facts``."""
    return {name: _host(name, text or {}) for name, text in hosts.items()}


def check(text: dict[str, Any]) -> Check:
    """The check of a case file, with what judging does not read filled in."""
    plain = {
        "kind": text["id"].partition(":")[0],
        "row": "some.row.id",
        "host": text["id"].split(":")[1],
        "subcomponent": text.get("subcomponent", "radius"),
        "title": "what should be true",
        "confidence": "documented",
        **text,
    }
    expects = plain["expects"]
    if expects.get("authorities"):
        pems = [PEMS[name] for name in expects["authorities"]]
        plain["expects"] = {**expects, "authorities": pems}
    return msgspec.convert(plain, Check)


def _host(name: str, text: dict[str, Any]) -> Observation:
    if "unobserved" in text:
        return Unobserved(host=name, why=text["unobserved"], detail=text["detail"])
    patterns = tuple(text["patterns"]) if "patterns" in text else None
    clock = _clock(text)
    processes = [_process(line, clock.host if clock else 0.0) for line in text.get("processes", ())]
    return HostFacts(
        host=name,
        method=text.get("method", "python"),
        privileged=text.get("privileged", True),
        took=1.0,
        processes=tuple(_matched(process, patterns or ()) for process in processes),
        patterns=patterns,
        sought=len(patterns or ()),
        sockets=tuple(_socket(line) for line in text.get("sockets", ())),
        interfaces=tuple(_interface(line) for line in text.get("interfaces", ())),
        databases=msgspec.convert(text.get("databases", []), tuple[Database, ...]),
        connections=tuple(_connection(line) for line in text.get("connections", ())),
        clock=clock,
        release=text.get("release", ""),
        inactive_release=text.get("inactive-release", ""),
        hostname=text.get("hostname", ""),
        machine=_machine(text["machine"]) if "machine" in text else None,
        ephemeral_ports=tuple(text["ephemeral"]) if "ephemeral" in text else None,
        reserved_ports=tuple((low, high) for low, high in text.get("reserved", ())),
        default_routes=_default_routes(text["default-routes"])
        if "default-routes" in text
        else None,
        disks=tuple(_disk(line) for line in text.get("disks", ())),
        programs=tuple(_program(line) for line in text.get("programs", ())),
        hints=tuple(_hint(line) for line in text.get("hints", ())),
        routes=tuple(_route(line) for line in text.get("routes", ())),
        probes=(
            *(_probe(line) for line in text.get("probes", ())),
            *(_shaken(line) for line in text.get("shakes", ())),
        ),
        certificates={fingerprint(one): CERTIFICATES[one] for one in _shown(text)},
        gaps=tuple(Gap(what=what, why=why) for what, why in text.get("gaps", {}).items()),
    )


def _hint(line: str) -> Hint:
    kind, name, *address = line.split()
    return msgspec.convert({"kind": kind, "name": name, "address": "".join(address)}, Hint)


def _machine(text: dict[str, Any]) -> Machine:
    return Machine(
        id=text.get("id", "") * 8,
        instance=text.get("instance", "") * 8,
        uptime=text.get("uptime"),
        host_keys=tuple(text.get("keys", ())),
    )


def _interface(line: str) -> Interface:
    name, *addresses = line.split()
    name, _, down = name.partition("!")
    name, _, mtu = name.partition("=")
    name, _, vrf = name.partition("@")
    return Interface(
        name=name,
        up=not down,
        mtu=int(mtu or 1500),
        addresses=tuple(address.rstrip("!") for address in addresses),
        unusable=tuple(address[:-1] for address in addresses if address.endswith("!")),
        vrf=vrf,
    )


def _clock(text: dict[str, Any]) -> Clock | None:
    if "day" in text:
        moment = (NOW + text["day"] * DAY).timestamp()
        return Clock(host=moment, sent=moment - 2, received=moment)
    if "clock" not in text:
        return None
    length, ahead = text["clock"]
    return Clock(host=1000 + length / 2 + ahead, sent=1000.0, received=1000 + length)


def _default_routes(lines: list[str]) -> DefaultRoutes:
    """``eth1 10.0.0.1 static GATEWAY-FILE INTERFACE-FILE`` each, or why it cannot be told."""
    unread = next((line[1:] for line in lines if line.startswith("?")), "")
    keys = ("interface", "gateway", "static", "gateway_in", "interface_in")
    found = [
        {key: "" if word == "-" else word for key, word in zip(keys, line.split(), strict=True)}
        for line in lines
        if not line.startswith("?")
    ]
    routes = [{**one, "static": one["static"] == "static"} for one in found]
    return msgspec.convert({"routes": routes, "unread": unread}, DefaultRoutes)


def _disk(line: str) -> Disk:
    folder, kind, *numbers = line.split()
    size, free, inodes, inodes_free = map(int, numbers)
    return Disk(
        folder=folder, kind=kind, size=size, free=free, inodes=inodes, inodes_free=inodes_free
    )


def _program(line: str) -> Program:
    path, word, *error = line.split(maxsplit=2)
    executable = word == "executable"
    return Program(
        path=path,
        there=executable or word == "there",
        executable=executable,
        error=" ".join(error),
    )


def _shown(text: dict[str, Any]) -> set[str]:
    """What this host brought; ``elsewhere`` is what another one did."""
    shown = {word for line in text.get("shakes", ()) for word in line.split()[3:]}
    return shown & CERTIFICATES.keys() - set(text.get("elsewhere", ()))


def _shaken(line: str) -> ProbeResult:
    """``alone``: this Python tells no chain. What is no certificate is said as the problem."""
    key, version, cipher, *shown = line.split()
    plain = [one for one in shown if one != "alone"]
    known = all(one in CERTIFICATES for one in plain)
    tls = Handshake(
        version=version,
        cipher=cipher,
        chain=tuple(fingerprint(one) for one in plain) if known else (),
        whole="alone" not in shown,
        problem="" if known else " ".join(plain),
    )
    return ProbeResult(key=key, outcome="connected", source="10.0.0.7", elapsed=0.002, tls=tls)


def _matched(process: Process, patterns: tuple[str, ...]) -> Process:
    words = (process.name, process.command)
    at = [at for at, one in enumerate(patterns) if any(re.search(one, each) for each in words)]
    return msgspec.structs.replace(process, matches=tuple(at))


def _process(line: str, now: float) -> Process:
    pid, name, user, state, command = line.split(maxsplit=4)
    user, _, age = user.partition("@")
    pid, _, parent = pid.partition("<")
    state, _, inside = state.partition("+")
    return Process(
        pid=int(pid),
        parent=int(parent or 1),
        name=name,
        command=command,
        user=user,
        started=now - float(age) if age else 0.0,
        state=state,
        container=inside == "container",
    )


def _connection(line: str) -> Connection:
    """``LOCAL:PORT REMOTE:PORT PIDS [xCOUNT]``; a local port ``*`` stands for several."""
    local, remote, pids, *count = line.split()
    here, _, port = local.rpartition(":")
    there, _, remote_port = remote.rpartition(":")
    return Connection(
        local=here.strip("[]"),
        remote=there.strip("[]"),
        local_port=None if port == "*" else int(port),
        remote_port=int(remote_port),
        pids=_pids(pids),
        count=int(count[0][1:]) if count else 1,
    )


def _pids(words: str) -> tuple[int, ...] | None:
    return None if words == "?" else tuple(int(pid) for pid in words.split(",") if pid != "-")


def _socket(line: str) -> Socket:
    transport, end, pids, *marks = line.split()
    address, _, port = end.rpartition(":")
    address, _, device = address.partition("%")
    extra: dict[str, Any] = {}
    for mark in marks:
        extra |= _queue(mark[6:]) if mark.startswith("queue=") else MARKS[mark]
    return Socket(
        transport="udp" if transport == "udp" else "tcp",
        address=address.strip("[]"),
        port=int(port),
        pids=_pids(pids),
        device=device,
        **extra,
    )


def _queue(words: str) -> dict[str, int | None]:
    """``BEFORE/LATER/BACKLOG``, with ``?`` for what is not known."""
    names = ("queued", "queued_later", "backlog")
    lengths = (None if length == "?" else int(length) for length in words.split("/"))
    return dict(zip(names, lengths, strict=True))


def _route(line: str) -> Route:
    to, interface, source, *error = line.split(maxsplit=3)
    return Route(
        to=to,
        interface=interface.replace("-", ""),
        source=source.replace("-", ""),
        error=" ".join(error),
    )


def _answer(says: str) -> dict[str, object]:
    """``FINDING WORDS``; a finding in brackets is no answer of the protocol."""
    finding, _, words = says.partition(" ")
    answered = not finding.startswith("(")
    return {"answered": answered, "finding": finding.strip("()-"), "words": words}


def _other_reply(words: str) -> dict[str, object]:
    end, _, says = words.partition(" ")
    address, _, port = end.rpartition(":")
    return {"address": address, "port": int(port), "answer": _answer(says)}


ARRIVALS: dict[str, dict[str, Any]] = {
    "arrived": {"seen": True},
    "lost": {"seen": False},
    "blind": {"seen": None, "blind": "no packet socket"},
}


def _probe(line: str) -> ProbeResult:
    """``... elsewhere ADDRESS:PORT SAYS`` at the end: what came back from there."""
    line, _, elsewhere = line.partition(" elsewhere ")
    *rest, word, watcher = line.rsplit(maxsplit=2)
    arrival = None
    if word in ARRIVALS:
        (line,) = rest
        arrival = {"watcher": watcher, **ARRIVALS[word]}
    line, said, says = line.partition(" says ")
    key, outcome, *detail = line.split(maxsplit=2)
    outcome, _, tcp = outcome.partition("+")
    return msgspec.convert(
        {
            "key": key,
            "outcome": outcome,
            "tcp_connected": bool(tcp),
            "detail": " ".join(detail),
            "source": "10.0.0.7",
            "elapsed": 0.002,
            "answer": _answer(says) if said else None,
            "arrival": arrival,
            "other_replies": [_other_reply(elsewhere)] if elsewhere else [],
        },
        ProbeResult,
    )
