"""The second round: datagrams that nobody answered are sent again while their target watches.

One host may be source and target at once. The controller says ``round`` with what is to be watched
and sent, ``go`` once all watch, ``report`` once all have sent. It ends where that does not come.
"""

import array
import binascii
import select
import struct
import time

from pytest_portaswitch.facts.bare import decoded, socket
from pytest_portaswitch.observe.remote.program import datagram, flight, host, queues
from pytest_portaswitch.observe.remote.program.flight import Flight, Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pytest_portaswitch.observe.remote.program.controller import Lines

    Instruction = tuple[int, int, int, int]

_ETHERTYPES = {4: 0x0800, 6: 0x86DD}
_LENGTHS = {4: 4, 6: 16}
_HEADS = 64  # the longest IPv4 header and two ports
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_BUFFER = 4 << 20
_OUTGOING = 4
_MOST_ARRIVALS = 20000
_MOST_HEARD = 100000
_MOST_PORTS = 2000
_MOST_STEPS = 2500  # the kernel allows a filter 20 KiB (net.core.optmem_max)
_GROUP = 200
_LDW, _LDH, _LDB, _LDH_X, _LDX_MSH = 0x20, 0x28, 0x30, 0x48, 0xB1
_JA, _JEQ, _JSET, _RET, _RET_A, _ADD, _TXA = 0x05, 0x15, 0x45, 0x06, 0x16, 0x04, 0x87
_PASS = (_JA, 0, 0, -1)
"""A jump to where the tests that it stands among end."""
_AT_ONCE = 256


def serve(lines: "Lines", until: float, tell: "Callable[[dict[str, Any]], None]") -> None:
    """Take part in a second round if there is one, and tell what came of it."""
    body = lines.next(b"round", until)
    if body is None:
        return
    asked = decoded(binascii.a2b_base64(body).decode())
    watcher = Watcher(asked["watch"])
    lines.say(b"watching")
    if not watcher.wait_for(b"go", lines, until):
        return
    results = _send(asked, until)
    watcher.hear()
    lines.say(b"sent")
    watcher.wait_for(b"report", lines, until)
    watcher.hear()
    told = {"probes": results, "arrivals": watcher.arrivals(), "blind": watcher.blind}
    tell({**told, "full_queues": queues.full()})
    # Not before: the kernel takes some hundredths of a second for it.
    watcher.close()


def _send(asked: "dict[str, Any]", until: float) -> "list[dict[str, Any]]":
    results: list[dict[str, Any]] = []
    flights = []
    sources = host.unreserved()
    repeats = set(asked["repeats"])
    for probe in asked["probes"]:
        result: dict[str, Any] = {}
        results.append(result)
        key = f"udp:{probe['address']}:{probe['port']}"
        script = asked["scripts"].get(key, [])
        steps = datagram.udp(
            result,
            probe["address"],
            probe["port"],
            script,
            asked["timeout"],
            sources.pop() if sources else 0,
            repeat=key in repeats,
        )
        flights.append(Flight(key, "datagrams", steps, result))
    flight.run(flights, {"datagrams": Window(_AT_ONCE, _AT_ONCE)}, until)
    return results


class Watcher:
    """Sees UDP datagrams arrive at the interfaces of this host, before any firewall of its own.

    It is given the probes' sources, targets and ports, and the kernel drops all else for it, and
    all that stands behind the ports: nothing is copied of the calls of a busy switch. Interfaces
    are not made promiscuous.
    """

    def __init__(self, watch: "dict[str, Any]") -> None:
        """``watch``: ``sources`` and ``targets``, which are addresses, and ``ports``."""
        self.blind = ""
        self._sockets: dict[int, socket.socket] = {}
        self._arrivals: set[tuple[str, int, str, int]] = set()
        self._heard = 0
        self._ports = set(watch["ports"])
        self._sources, self._targets = _raw(watch["sources"]), _raw(watch["targets"])
        if not self._ports:
            return
        if len(self._ports) > _MOST_PORTS:
            self.blind = f"more than {_MOST_PORTS} ports cannot be watched at once"
            return
        try:
            for version, length in _LENGTHS.items():
                ends = [
                    sorted(a for a in known if len(a) == length)
                    for known in (self._sources, self._targets)
                ]
                if all(ends):
                    program = _filter(version, ends[0], ends[1], sorted(self._ports))
                    if len(program) > _MOST_STEPS:
                        self.blind = "more addresses and ports than can be watched at once"
                        self.close()
                        return
                    self._sockets[version] = _packet_socket(version, program)
        except (OSError, AttributeError) as error:
            self.blind = f"no packet socket: {error}"

    def hear(self) -> None:
        """Take what has arrived. Stop on overflow: a missed datagram must not count as lost.

        What was seen until then stays.
        """
        for version, sock in self._sockets.items():
            while not self.blind:
                try:
                    data, sender = sock.recvfrom(_HEADS)
                except OSError:
                    break
                self._heard += 1
                if sender[2] != _OUTGOING:
                    self._note(version, data)
                if len(self._arrivals) > _MOST_ARRIVALS or self._heard > _MOST_HEARD:
                    self.blind = "more arrives at the ports that are watched than can be kept"
            if not self.blind and _dropped(sock):
                self.blind = "more arrived at once than could be read"
        if self.blind:
            self.close()

    def wait_for(self, word: bytes, lines: "Lines", until: float) -> bool:
        """Wait for a word of the controller's, and take what arrives meanwhile; whether it came."""
        while not lines.take(word):
            left = until - time.monotonic()
            if left <= 0:
                return False
            if lines.wait(left, [(one, select.POLLIN) for one in self.descriptors()]):
                self.hear()
        return True

    def close(self) -> None:
        """Watch no more."""
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()

    def arrivals(self) -> "list[tuple[str, int, str, int]]":
        """Return source address and port, target address and port, of each."""
        return sorted(self._arrivals)

    def descriptors(self) -> "list[int]":
        """Return what to poll."""
        return [sock.fileno() for sock in self._sockets.values()]

    def _note(self, version: int, data: bytes) -> None:
        if version == 4:
            start, source, target = (data[0] & 0x0F) * 4, data[12:16], data[16:20]
            family = socket.AF_INET
        else:
            start, source, target = 40, data[8:24], data[24:40]
            family = socket.AF_INET6
        if len(data) < start + 4:
            return
        out, into = struct.unpack_from("!HH", data, start)
        # What arrived while the filter was put in place did not go through it.
        if source in self._sources and target in self._targets and into in self._ports:
            ends = [socket.inet_ntop(family, address) for address in (source, target)]
            self._arrivals.add((ends[0], out, ends[1], into))


def _raw(addresses: "list[str]") -> "set[bytes]":
    return {
        socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        for address in addresses
    }


def _packet_socket(version: int, program: "list[Instruction]") -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETHERTYPES[version]))
    sock.setblocking(False)
    code = array.array("B", b"".join(struct.pack("HBBI", *step) for step in program))
    fprog = struct.pack("HP", len(program), code.buffer_info()[0])
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    except OSError:
        pass
    try:
        for _ in range(_MOST_ARRIVALS):
            sock.recv(1)  # what came before there was a filter
    except BlockingIOError:
        pass
    _dropped(sock)
    return sock


def _dropped(sock: socket.socket) -> int:
    """Return how many datagrams found no room in the buffer since this was asked before."""
    return int(struct.unpack("II", sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1])


def _filter(
    version: int, sources: "list[bytes]", targets: "list[bytes]", ports: "list[int]"
) -> "list[Instruction]":
    """Return a classic BPF program: UDP, no later fragment, between such ends, to such a port.

    It lets through as much as shows that: the addresses, and the two ports.
    """
    udp = socket.IPPROTO_UDP
    drop = (_RET, 0, 0, 0)
    if version == 4:
        steps = [(_LDB, 0, 0, 9), (_JEQ, 1, 0, udp), drop]
        steps += [(_LDH, 0, 0, 6), (_JSET, 0, 1, 0x1FFF), drop]
        for at, addresses in ((12, sources), (16, targets)):
            words = [int.from_bytes(address, "big") for address in addresses]
            steps += [(_LDW, 0, 0, at), *_one_of(words)]
        steps += [(_LDX_MSH, 0, 0, 0), (_LDH_X, 0, 0, 2), *_one_of(ports)]
        return [*steps, (_TXA, 0, 0, 0), (_ADD, 0, 0, 4), (_RET_A, 0, 0, 0)]
    steps = [(_LDB, 0, 0, 6), (_JEQ, 1, 0, udp), drop]
    for at, addresses in ((8, sources), (24, targets)):
        tests = []
        for address in addresses:
            for word, value in enumerate(struct.unpack("!4I", address)):
                # Where it differs: on to the next address, behind the jump at the end of this one.
                tests += [(_LDW, 0, 0, at + 4 * word), (_JEQ, 0, 7 - 2 * word, value)]
            tests.append(_PASS)
        steps += _or_drop(tests)
    return [*steps, (_LDH, 0, 0, 42), *_one_of(ports), (_RET, 0, 0, 44)]


def _one_of(values: "list[int]") -> "list[Instruction]":
    """Go on behind this where what was loaded is one of the values; else drop it."""
    steps: list[Instruction] = []
    # A test jumps over 255 steps at most, so each group of them has a long jump of its own.
    for first in range(0, len(values), _GROUP):
        group = values[first : first + _GROUP]
        steps += [(_JEQ, len(group) - place, 0, value) for place, value in enumerate(group)]
        steps += [(_JA, 0, 0, 1), _PASS]
    return _or_drop(steps)


def _or_drop(tests: "list[Instruction]") -> "list[Instruction]":
    """Drop what passes none of the tests; what passes one goes on behind them."""
    steps = [*tests, (_RET, 0, 0, 0)]
    end = len(steps) - 1
    return [(_JA, 0, 0, end - at) if step == _PASS else step for at, step in enumerate(steps)]
