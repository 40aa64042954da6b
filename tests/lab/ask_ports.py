"""Asks ports as a probe does, and judges what came of it.

A program, because a server in namespaces of its own can be reached from there only.

usage: ask_ports.py PROTOCOL:TRANSPORT:ADDRESS:PORT...

``mysql-tls`` for a protocol asks as after 3159, which MariaDB does not say.
"""

from __future__ import annotations

import json
import os
import sys
import time

import msgspec

from pytest_portaswitch.facts.model import HostFacts, Probe, ProbeResult
from pytest_portaswitch.judge import judge
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.remote.program import probes
from pytest_portaswitch.observe.request import Request
from pytest_portaswitch.protocols import mysql
from pytest_portaswitch.protocols.ask import Ask
from tests.unit.judge import scene


def main(places: list[str]) -> None:
    """Print, as JSON, verdict, finding and words of each."""
    json.dump([told(*place.split(":")) for place in places], sys.stdout)


def told(protocol: str, transport: str, address: str, port: str) -> list[str]:
    """What one check comes to."""
    questions = Questions(os.urandom(16), {})
    probe = Probe(transport=transport, address=address, port=int(port), protocol=protocol)  # type: ignore[arg-type]
    script = questions.script(address, probe)
    if protocol == "mysql-tls":
        return inside_tls(address, int(port))
    request = Request(host="peer", probes=(probe,), scripts={probe.key: script or ()})
    plain = json.loads(msgspec.json.encode(request))
    (brought,) = probes.send(plain, time.monotonic() + 30, {})
    result = msgspec.convert(brought, ProbeResult)
    facts = HostFacts(host="peer", method="python", privileged=True, took=1.0, probes=(result,))
    seen = questions.recognise(address, request, facts)
    assert isinstance(seen, HostFacts)
    check = scene.check(
        {
            "id": f"reachability:peer:server:x:{transport}-{port}",
            "expects": {
                "type": "reaches",
                "source": "peer",
                "destination": {"name": "server", "address": address, "hosts": ["server"]},
                "ports": {"transport": transport, "numbers": [int(port)]},
                "protocol": protocol,
                "least_grade": "answered",
            },
        }
    )
    listens = {"processes": ["11 x x S x"], "sockets": [f"tcp 0.0.0.0:{port} 11"]}
    verdict = judge(check, {**scene.facts({"server": listens}), "peer": seen})
    answer = seen.probes[0].answer
    said = (answer.finding, str(answer.words)) if answer else ("", str(result.detail))
    return [verdict.verdict, *said]


def inside_tls(address: str, port: int) -> list[str]:
    """The grade and words of the part of MySQL's script that begins anew."""
    ask = Ask(transport="tcp", source=address, address=address, port=port, nonce=os.urandom(16))
    steps = mysql.request(ask)
    first = next(number for number, step in enumerate(steps) if step.anew) + 1
    script = (msgspec.structs.replace(steps[first], when=b""), *steps[first + 1 :])
    probe = Probe(transport="tcp", address=address, port=port, protocol="mysql")
    request = Request(host="peer", probes=(probe,), scripts={probe.key: script})
    plain = json.loads(msgspec.json.encode(request))
    (brought,) = probes.send(plain, time.monotonic() + 30, {})
    result = msgspec.convert(brought, ProbeResult)
    greeting, *replies = result.received
    answer = mysql.recognise(ask, (greeting, greeting, *replies))
    return [str(result.detail), answer.finding, str(answer.words)]


if __name__ == "__main__":
    main(sys.argv[1:])
