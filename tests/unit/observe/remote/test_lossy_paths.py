"""What chance or size decides on the way is told from what a port does, over a real wire."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import pytest

from pytest_portaswitch.facts.model import Probe, ProbeResult
from pytest_portaswitch.observe.request import Step

from .talk import request_of

pytestmark = [
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/dev/net/tun").exists(), reason="a wire needs root"
    ),
    pytest.mark.slow,
]

CLIENT, SERVER = "10.9.0.1", "10.9.0.2"
PORTS = (7001, 7002, 7003, 7004)
SEND = """
import json, sys, time
from pytest_portaswitch.observe.remote.program import probes
request = json.load(sys.stdin)
sys.stdout.write(json.dumps(probes.send(request, time.monotonic() + 40, {})))
"""


class Packet(NamedTuple):
    """A TCP packet on the wire, as far as it matters."""

    from_client: bool
    size: int
    client_port: int
    port: int
    data: int
    """Bytes behind the headers."""


Drops = Callable[[Packet], bool]


def _read(packet: bytes, *, from_client: bool) -> Packet | None:
    if packet[0] >> 4 != 4 or packet[9] != 6:
        return None
    head = (packet[0] & 15) * 4
    source, target = struct.unpack("!HH", packet[head : head + 4])
    client, port = (source, target) if from_client else (target, source)
    data = len(packet) - head - (packet[head + 12] >> 4) * 4
    return Packet(from_client, len(packet), client, port, data)


class Wire:
    """Two hosts and what is between them."""

    def __init__(self) -> None:
        self.drops: Drops = lambda _: False
        script = [sys.executable, str(Path(__file__).parent / "wire.py")]
        self.ends = [
            subprocess.Popen(
                ["unshare", "-n", *script, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            for words in ((CLIENT,), (SERVER, *map(str, PORTS)))
        ]
        for end in self.ends:
            assert end.stdout
            assert end.stdout.read(2) == b"\0\0"
        for one, other in (self.ends, self.ends[::-1]):
            threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: subprocess.Popen[bytes], other: subprocess.Popen[bytes]) -> None:
        source, target = one.stdout, other.stdin
        assert source
        assert target
        while head := source.read(2):
            body = source.read(int.from_bytes(head, "big"))
            packet = _read(body, from_client=one is self.ends[0])
            if packet is None or not self.drops(packet):
                _write(target, head + body)

    def send(self, probes: tuple[Probe, ...], reply: int) -> dict[int, ProbeResult]:
        """What becomes of probes that ask for a reply of so many bytes; by port."""
        steps = (Step(send=str(reply).encode()), Step(receive=reply + 1, until=b"x{%d}" % reply))
        scripts = {"p": steps}
        request = request_of(probes=probes, scripts=scripts, probe_timeout=1.5)
        done = subprocess.run(
            ["nsenter", f"--net=/proc/{self.ends[0].pid}/ns/net", sys.executable, "-c", SEND],
            input=msgspec.json.encode(request),
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        )
        results = msgspec.convert(json.loads(done.stdout), list[ProbeResult])
        return {int(result.key.rpartition(":")[2]): result for result in results}

    def close(self) -> None:
        """End both hosts."""
        for end in self.ends:
            end.kill()
            end.communicate()


def _write(target: IO[bytes], data: bytes) -> None:
    try:
        target.write(data)
        target.flush()
    except (OSError, ValueError):
        pass  # it has ended


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """Two hosts; the tests say what gets lost between them."""
    made = Wire()
    try:
        yield made
    finally:
        made.close()


def tcp(*ports: int) -> tuple[Probe, ...]:
    """A probe to each port of the server."""
    return tuple(Probe(transport="tcp", address=SERVER, port=port, protocol="p") for port in ports)


def told(results: dict[int, ProbeResult]) -> dict[int, tuple[str, int, int, int]]:
    """Of each port its outcome, tries, lost ones and the size of segments."""
    return {p: (r.outcome, r.tries, r.lost, r.smaller) for p, r in results.items()}


def test_healthy_path_needs_one_try_and_no_packet_again(wire: Wire) -> None:
    wire.drops = lambda _: False
    results = wire.send(tcp(*PORTS), 5000)
    assert told(results) == dict.fromkeys(PORTS, ("connected", 1, 0, 0))
    assert [result.resent for result in results.values()] == [0] * len(PORTS)
    assert all(result.received == (b"x" * 5000,) for result in results.values())


def test_try_that_was_lost_is_counted_and_the_port_answers(wire: Wire) -> None:
    """One port loses its first connection, one a packet, one all that is ever sent."""
    first: dict[int, int] = {}
    lost: set[int] = set()

    def drops(packet: Packet) -> bool:
        if packet.port == 7001:
            return packet.client_port == first.setdefault(7001, packet.client_port)
        if packet.port == 7002 and packet.from_client and packet.data and 7002 not in lost:
            lost.add(7002)
            return True
        return packet.port == 7003

    wire.drops = drops
    results = wire.send(tcp(*PORTS), 10)
    assert told(results) == {
        7001: ("connected", 2, 1, 0),
        7002: ("connected", 1, 0, 0),
        7003: ("silent", 3, 3, 0),
        7004: ("connected", 1, 0, 0),
    }
    assert results[7002].resent == 1
    assert results[7001].received == (b"x" * 10,)


def test_dead_host_is_not_tried_again(wire: Wire) -> None:
    """Nothing at all comes from it, so that chance is no explanation, and time is short."""
    wire.drops = lambda _: True
    assert set(told(wire.send(tcp(*PORTS), 10)).values()) == {("silent", 1, 0, 0)}


def test_large_packets_that_get_lost_are_told_from_a_mute_service(wire: Wire) -> None:
    """A reply that needs large segments stalls twice, and comes whole in small ones."""
    wire.drops = lambda packet: packet.size > 1000 or (packet.port == 7004 and packet.data > 0)
    results = wire.send(tcp(*PORTS), 5000)
    assert told(results) == {
        7001: ("connected", 1, 0, 536),
        7002: ("connected", 1, 0, 536),
        7003: ("connected", 1, 0, 536),
        7004: ("connected", 1, 0, 0),
    }
    assert results[7001].received == (b"x" * 5000,)
    assert results[7004].detail == "no reply in 1.5 s, asked twice"
