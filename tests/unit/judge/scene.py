"""Reads a case file's short hand for facts and checks.

A host is written as::

    bill1:
      processes: ["11 radiusd freerad S /usr/sbin/radiusd -f"]   # pid name user state command
      sockets: ["udp 10.0.0.5:1812 11"]                          # transport address:port pids
      interfaces: ["eth0 10.0.0.5/24"]
      routes: ["10.0.0.3 eth0 10.0.0.5"]                         # to interface source
      probes: ["tcp:10.0.0.3:3306 connected"]      # key outcome detail says FINDING WORDS

and a host that could not be looked at as ``{unobserved: connection-timeout, detail: "..."}``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pytest_portaswitch.facts import (
    Gap,
    HostFacts,
    Interface,
    Observation,
    ProbeResult,
    Process,
    Route,
    Socket,
    Unobserved,
)
from pytest_portaswitch.plan.check import Check

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
    return msgspec.convert(plain, Check)


def _host(name: str, text: dict[str, Any]) -> Observation:
    if "unobserved" in text:
        return Unobserved(host=name, why=text["unobserved"], detail=text["detail"])
    return HostFacts(
        host=name,
        method="python",
        privileged=text.get("privileged", True),
        took=1.0,
        processes=tuple(_process(line) for line in text.get("processes", ())),
        sockets=tuple(_socket(line) for line in text.get("sockets", ())),
        interfaces=tuple(
            Interface(name=line.split()[0], up=True, mtu=1500, addresses=tuple(line.split()[1:]))
            for line in text.get("interfaces", ())
        ),
        routes=tuple(_route(line) for line in text.get("routes", ())),
        probes=tuple(_probe(line) for line in text.get("probes", ())),
        gaps=tuple(Gap(what=what, why=why) for what, why in text.get("gaps", {}).items()),
    )


def _process(line: str) -> Process:
    pid, name, user, state, command = line.split(maxsplit=4)
    return Process(
        pid=int(pid), parent=1, name=name, command=command, user=user, started=0.0, state=state
    )


def _socket(line: str) -> Socket:
    transport, end, pids, *marks = line.split()
    address, _, port = end.rpartition(":")
    extra: dict[str, bool] = {}
    for mark in marks:
        extra |= MARKS[mark]
    return Socket(
        transport="udp" if transport == "udp" else "tcp",
        address=address.strip("[]"),
        port=int(port),
        pids=None if pids == "?" else tuple(int(pid) for pid in pids.split(",") if pid != "-"),
        **extra,
    )


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


def _probe(line: str) -> ProbeResult:
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
        },
        ProbeResult,
    )
