"""All the probes that this host is to send, and what became of each."""

import socket

from pytest_portaswitch.observe.remote.program import datagram, flight, stream
from pytest_portaswitch.observe.remote.program.flight import Flight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_AT_A_TIME = {"stream": 64, "datagram": 256}


def send(request: "dict[str, Any]", until: float) -> "list[dict[str, Any]]":
    """Send every probe once and return the results in their order."""
    timeout = float(request["probe_timeout"])
    udp_timeout = float(request["udp_timeout"])
    context = None
    problem = ""
    if any(probe["transport"] == "tls" for probe in request["probes"]):
        try:
            context = stream.tls()
        except ImportError as error:
            problem = f"the Python of this host cannot speak TLS: {error}"
    results: list[dict[str, Any]] = []
    flights = []
    for number, probe in enumerate(request["probes"]):
        result: dict[str, Any] = {}
        results.append(result)
        transport, address, port = probe["transport"], probe["address"], probe["port"]
        key = f"{transport}:{address}:{port}"
        script = request["scripts"].get(key, [])
        if not _is_address(address):
            result.update(key=key, outcome="error", detail="not an address")
        elif transport == "udp":
            steps = datagram.udp(result, address, port, script, udp_timeout)
            flights.append(Flight(key, "datagram", steps, result))
        elif transport == "icmp":
            steps = datagram.icmp(result, address, number & 0xFFFF, timeout)
            flights.append(Flight(key, "datagram", steps, result))
        elif transport == "tls" and context is None:
            result.update(key=key, outcome="error", detail=problem)
        else:
            secure = context if transport == "tls" else None
            steps = stream.probe(result, address, port, script, timeout, secure)
            flights.append(Flight(key, "stream", steps, result))
    flight.run(flights, _AT_A_TIME, until)
    return results


def _is_address(words: str) -> bool:
    """Whether it is an address: names are never looked up from here."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, words)
            return True
        except (OSError, ValueError):
            continue
    return False
