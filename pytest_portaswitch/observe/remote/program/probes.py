"""All the probes that this host is to send, and what became of each."""

import time
import zlib

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program import flight, stream
from pytest_portaswitch.observe.remote.program.flight import Flight, Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from pytest_portaswitch.observe.remote.program.handshake import Tls

_DATAGRAMS = 128
_MOST_TRIES = 3
_TRY = 1.5
"""Seconds for each but the first: the kernel sends twice in them."""
_SMALL = 536
"""Bytes of a segment that every network has to carry (RFC 1122, 3.3.3)."""
_PAUSE = 0.3
_LONGER_PAUSE = 1.2
"""Seconds: at least and at most, before those are asked again that bade so."""


def send(
    request: "dict[str, Any]", until: float, certificates: "dict[str, str]"
) -> "list[dict[str, Any]]":
    """Send every probe once and return the results in their order.

    One that is to be sent only where another brought no reply waits for that, and has no result
    where there was one.

    ``certificates`` gets those that TLS servers showed: DER in base64, by SHA-256.
    """
    timeout = float(request["probe_timeout"])
    udp_timeout = float(request["udp_timeout"])
    tls = _tls(certificates)
    problem = ""
    if any(probe["transport"] == "tls" for probe in request["probes"]):
        try:
            tls()
        except ImportError as error:
            problem = f"the Python of this host cannot speak TLS: {error}"
    if any(probe["transport"] in ("udp", "icmp") for probe in request["probes"]):
        from pytest_portaswitch.observe.remote.program import datagram
    results: list[dict[str, Any]] = [{} for _ in request["probes"]]

    def flights(
        numbers: "Iterable[int]",
        into: "list[dict[str, Any]]" = results,
        largest: int = 0,
        timeout: float = timeout,
    ) -> "Iterator[Flight]":
        for number in numbers:
            probe, result = request["probes"][number], into[number]
            transport, address, port = probe["transport"], probe["address"], probe["port"]
            key = _key(probe)
            script = request["scripts"].get(key, [])
            if not _is_address(address):
                result.update(key=key, outcome="error", detail="not an address")
            elif transport == "udp":
                due = any(step.get("due") for step in script)
                steps = datagram.udp(result, address, port, script, timeout if due else udp_timeout)
                yield Flight(key, "datagrams", steps, result)
            elif transport == "icmp":
                steps = datagram.icmp(result, address, number & 0xFFFF, timeout)
                yield Flight(key, "datagrams", steps, result)
            elif transport == "tls" and problem:
                result.update(key=key, outcome="error", detail=problem)
            else:
                secured = transport == "tls"
                name = probe.get("name", "")
                steps = stream.probe(
                    result, address, port, script, timeout, tls, name, until, secured, largest
                )
                yield Flight(key, f"{transport}/{port}", steps, result)

    def fly(numbers: "Iterable[int]") -> None:
        # Each host in an order of its own: otherwise all would knock at the same door at once.
        order = sorted(flights(numbers), key=lambda one: _spread(request["host"], one.key))
        flight.run(order, {"datagrams": Window(_DATAGRAMS, _DATAGRAMS)}, until)

    behind = {
        number: str(probe["unless"])
        for number, probe in enumerate(request["probes"])
        if probe["unless"]
    }
    fly(number for number in range(len(results)) if number not in behind)
    replied = {result["key"] for result in results if result.get("outcome") == "replied"}
    fly(number for number, other in behind.items() if other not in replied)
    _ask_again(results, flights, until, request.get("host", ""))
    due = {
        number
        for number, probe in enumerate(request["probes"])
        if probe["transport"] in ("tcp", "tls")
        or any(step.get("due") for step in request["scripts"].get(_key(probe), []))
    }
    _repeat(results, flights, until, min(timeout, _TRY), due)
    return [result for result in results if result]


def _tls(certificates: "dict[str, str]") -> "Callable[[], Tls]":
    """Return what makes TLS when it is first asked for. It raises ImportError without any."""
    made: list[Tls] = []

    def tls() -> "Tls":
        from pytest_portaswitch.observe.remote.program.handshake import Tls

        if not made:
            made.append(Tls(certificates))
        return made[0]

    return tls


def mute(results: "list[dict[str, Any]]") -> "set[str]":
    """Return the keys of those that took the connection and said nothing when it was their turn."""
    return {
        result["key"]
        for result in results
        if result["outcome"] == "connected"
        and result.get("received")
        and not any(result["received"])
    }


def _ask_again(
    results: "list[dict[str, Any]]",
    flights: "Callable[..., Iterator[Flight]]",
    until: float,
    host: str,
) -> None:
    """Ask those once more who kept silent, or whose reply may be another a little later.

    Beside it, those who kept silent are asked with small segments: where large packets get lost on
    the way, only these come through.

    It may have been the load of all these probes, and nobody is to be blamed for that. Scripts that
    are to be followed once only are left out of the first.
    """
    late = [number for number, result in enumerate(results) if result.pop("late", False)]
    again = [number for number, result in enumerate(results) if result.pop("again", False)]
    first = {number: dict(results[number]) for number in (*late, *again)}
    for number in first:
        results[number] = {}
    small: list[dict[str, Any]] = [{} for _ in results]
    flight.run([*flights(late), *flights(late, small, _SMALL)], {}, until)
    if again:
        # Each host at a time of its own: all together they may be what there was no room for.
        pause = _PAUSE + (_LONGER_PAUSE - _PAUSE) * (_spread(host, "") % 1000) / 1000
        time.sleep(max(0.0, min(pause, until - flight.now())))
        flight.run(flights(again), {}, until)
    for number, before in first.items():
        result = results[number]
        result.pop("again", None)
        if result.pop("late", False):
            results[number] = _smaller(small[number]) or dict(
                before, detail=before["detail"] + ", asked twice"
            )
        elif not result or result["outcome"] == "error" or result["detail"] == flight.CUT_OFF:
            results[number] = before


def _smaller(result: "dict[str, Any]") -> "dict[str, Any]":
    """Return a result of small segments, where they came through as a whole; or nothing."""
    result.pop("again", None)
    if result.pop("late", False) or result.get("outcome") != "connected":
        return {}
    is_cut = result["detail"] == flight.CUT_OFF
    return {} if is_cut else dict(result, smaller=_SMALL)


def _repeat(
    results: "list[dict[str, Any]]",
    flights: "Callable[..., Iterator[Flight]]",
    until: float,
    timeout: float,
    due: "set[int]",
) -> None:
    """Try those again of which nothing came, where something else came from the same address.

    What chance decides is no port's fault. Each try is from another port.
    """
    heard = {
        result["key"].rpartition(":")[0].partition(":")[2]
        for result in results
        if result.get("outcome") in ("connected", "replied") or result.get("tcp_connected")
    }
    lost = [
        number
        for number in due
        if results[number].get("outcome") == "silent"
        and not results[number].get("tcp_connected")
        and results[number]["key"].rpartition(":")[0].partition(":")[2] in heard
    ]
    first = {number: results[number] for number in lost}
    for tries in range(2, _MOST_TRIES + 1):
        for number in lost:
            results[number] = {}
        flight.run(flights(lost, timeout=timeout), {}, until)
        for number in lost:
            result = results[number]
            result.pop("late", None)
            result.pop("again", None)
            if result.get("outcome") in ("connected", "replied", "refused"):
                result.update(tries=tries, lost=tries - 1)
            else:
                results[number] = dict(first[number], tries=tries, lost=tries)
        lost = [number for number in lost if results[number]["outcome"] == "silent"]


def _key(probe: "dict[str, Any]") -> str:
    return f"{probe['transport']}:{probe['address']}:{probe['port']}"


def _spread(host: str, key: str) -> int:
    return zlib.crc32(f"{host} {key}".encode())


def _is_address(words: str) -> bool:
    """Whether it is an address: names are never looked up from here."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, words)
            return True
        except (OSError, ValueError):
            continue
    return False
