"""What a host may say of one socket, process or disk: each value, and each beside the others.

Every reader returns the entry, cleaned, or raises ``Hostile`` for what no host can be like. No
later stage meets such a thing: the entry is left out, with a gap in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from pytest_portaswitch.facts import clean
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.facts.model import (
    Connection,
    Disk,
    Gap,
    Hint,
    Interface,
    Machine,
    OtherProcesses,
    Process,
    Program,
    Route,
    Socket,
)

Entry = TypeVar("Entry")

MOST_ENTRIES = 200_000
"""Of one kind. A reply of the largest size that is taken has no more than a few times as many."""
_MOST_PIDS = 5000
_MOST_ADDRESSES = 10_000
"""Of one interface."""
_MOST_CONNECTIONS = 1 << 31
_LARGEST_PID = (1 << 31) - 1
_LONGEST_QUEUE = (1 << 32) - 1
_LARGEST_MTU = (1 << 31) - 1
_replace = msgspec.structs.replace


class Entries:
    """Reads entries one by one, and remembers those that cannot be."""

    def __init__(self) -> None:
        self._refused: dict[str, list[str]] = {}

    def of(
        self,
        what: str,
        given: Iterable[Entry],
        read: Callable[[Entry], Entry],
        key: Callable[[Entry], object] | None = None,
    ) -> tuple[Entry, ...]:
        """The entries that make sense. ``what``: as gaps call them. ``key``: must differ."""
        found: list[Entry] = []
        known: set[object] = set()
        for entry in given:
            try:
                if len(found) >= MOST_ENTRIES:
                    raise Hostile(f"there are more than {MOST_ENTRIES}")
                sound = read(entry)
                if key is not None and key(sound) in known:
                    raise Hostile(f"{clean.text(str(key(sound)), 60)!r} stands there twice")
            except Hostile as error:
                self._refused.setdefault(what, []).append(str(error))
                continue
            if key is not None:
                known.add(key(sound))
            found.append(sound)
        return tuple(found)

    def one(self, what: str, given: Entry | None, read: Callable[[Entry], Entry]) -> Entry | None:
        """The same for what there is once at most."""
        return next(iter(self.of(what, () if given is None else (given,), read)), None)

    def gaps(self) -> tuple[Gap, ...]:
        """What is left out, and why."""
        return tuple(
            Gap(
                what=clean.text(what),
                why=clean.text(
                    f"entries that make no sense were left out ({len(whys):,}): {whys[0]}"
                ),
            )
            for what, whys in self._refused.items()
        )


def port_range(ports: tuple[int, int]) -> tuple[int, int]:
    """First and last port, in this order."""
    first, last = clean.port(ports[0]), clean.port(ports[1])
    if first > last:
        raise Hostile(f"{first}-{last} is no range of ports")
    return first, last


def pid(number: int) -> int:
    """The number of a process; 0 is the kernel."""
    return _within(number, 0, _LARGEST_PID, "the number of a process")


def _pids(pids: tuple[int, ...] | None) -> tuple[int, ...] | None:
    # Of too many nobody could say that one is missing: then it is not known whose it is.
    if pids is None or len(pids) > _MOST_PIDS:
        return None
    return tuple(sorted({pid(number) for number in pids}))


def socket(given: Socket) -> Socket:
    """Address, port, owners and accept queue."""
    address = clean.address(given.address)
    for length in (given.queued, given.queued_later, given.backlog):
        if length is not None:
            _within(length, 0, _LONGEST_QUEUE, "the length of a queue")
        if length and given.transport == "udp":
            raise Hostile("connections that wait at a UDP socket")
    return _replace(
        given,
        address=address,
        port=clean.port(given.port),
        # Of IPv4 it is no question.
        v6only=given.v6only if ":" in address else None,
        pids=_pids(given.pids),
        device=clean.text(given.device, 60),
    )


def process_reader(patterns: tuple[str, ...] | None) -> Callable[[Process], Process]:
    """A reader for processes on which the patterns were tried."""
    places = range(len(patterns or ()))

    def read(given: Process) -> Process:
        both = (*given.matches, *given.undecided)
        ascending = [tuple(sorted(each)) == each for each in (given.matches, given.undecided)]
        if not all(ascending) or len(set(both)) < len(both) or not set(both) <= set(places):
            raise Hostile("a process with patterns that nobody asked for")
        return process(given)

    return read


def process(given: Process) -> Process:
    """Numbers, words and the time of its start."""
    state = clean.text(given.state, 8)
    if len(given.state) > 1 or not given.state.isascii() or state != given.state:
        raise Hostile(f"{state!r} is no state of a process")
    return _replace(
        given,
        pid=_within(given.pid, 1, _LARGEST_PID, "the number of a process"),
        parent=pid(given.parent),
        name=clean.text(given.name, 100),
        command=clean.text(given.command),
        user=clean.text(given.user, 100),
        started=clean.seconds(given.started),
        unit=clean.text(given.unit),
        state=state,
    )


def others(given: OtherProcesses) -> OtherProcesses:
    """Words, and how many there are."""
    return _replace(
        given,
        name=clean.text(given.name, 100),
        user=clean.text(given.user, 100),
        unit=clean.text(given.unit),
        count=_within(given.count, 1, _LARGEST_PID, "a number of processes"),
    )


def connection(given: Connection) -> Connection:
    """Both ends, of which one has a port at least, and how many there are."""
    ports = [number for number in (given.local_port, given.remote_port) if number is not None]
    for number in ports:
        clean.port(number)
    if not ports:
        raise Hostile("a connection without a port")
    return _replace(
        given,
        local=clean.address(given.local),
        remote=clean.address(given.remote),
        pids=_pids(given.pids),
        count=_within(given.count, 1, _MOST_CONNECTIONS, "a number of connections"),
    )


def interface(given: Interface) -> Interface:
    """Name, MTU and addresses with their prefixes."""
    if not given.name or len(given.addresses) > _MOST_ADDRESSES:
        raise Hostile("an interface without a name, or with more addresses than any has")
    return _replace(
        given,
        name=clean.text(given.name, 60),
        mtu=_within(given.mtu, 0, _LARGEST_MTU, "an MTU"),
        addresses=tuple(clean.interface_address(words) for words in given.addresses),
        unusable=tuple(
            clean.interface_address(words) for words in given.unusable[:_MOST_ADDRESSES]
        ),
        vrf=clean.text(given.vrf, 60),
    )


def hint(given: Hint) -> Hint:
    """A name, and an address but for a socket."""
    if not given.name or (given.kind != "configurator" and not given.address):
        raise Hostile("a hint without a name, or without an address")
    address = clean.address(given.address) if given.address else given.address
    return _replace(given, name=clean.text(given.name, 60), address=address)


_DIGEST = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_MOST_KEYS = 20


def machine(given: Machine) -> Machine:
    """Digests of ids, fingerprints, and how long it has been up."""
    for digest in (given.id, given.instance):
        if digest and not _DIGEST.fullmatch(digest):
            raise Hostile(f"{clean.text(digest, 60)!r} is no digest of an id")
    keys = given.host_keys
    if len(keys) > _MOST_KEYS or not all(map(_FINGERPRINT.fullmatch, keys)):
        raise Hostile("ssh host keys that are none, or more than any host has")
    if given.uptime is not None and clean.seconds(given.uptime) < 0:
        raise Hostile(f"a host that was started {-given.uptime} s from now")
    return _replace(given, host_keys=tuple(sorted(set(keys))))


def route(given: Route) -> Route:
    """By which interface, or why by none."""
    if not given.interface and not given.error:
        raise Hostile("a route that leads nowhere for no reason")
    return Route(
        to=clean.address(given.to),
        interface=clean.text(given.interface, 60),
        source=given.source and clean.address(given.source),
        gateway=given.gateway and clean.address(given.gateway),
        error=clean.text(given.error, 200),
    )


def disk(given: Disk) -> Disk:
    """Sizes, of which no part is larger than the whole."""
    if clean.count(given.free) > clean.count(given.size):
        raise Hostile(f"{given.free} of {given.size} bytes are free")
    # Of a file system without inodes of its own there is nothing to compare.
    if clean.count(given.inodes_free) > clean.count(given.inodes) > 0:
        raise Hostile(f"{given.inodes_free} of {given.inodes} inodes are free")
    if not given.folder.startswith("/"):
        raise Hostile(f"{clean.text(given.folder, 60)!r} is no folder")
    return _replace(given, folder=clean.text(given.folder), kind=clean.text(given.kind, 40))


def program(given: Program) -> Program:
    """Whether it is there, and may be run."""
    if given.executable and not given.there:
        raise Hostile(f"{clean.text(given.path, 60)!r} is executable and not there")
    return _replace(given, path=clean.text(given.path), error=clean.text(given.error, 200))


def _within(number: int, least: int, most: int, what: str) -> int:
    if not least <= number <= most:
        raise Hostile(f"{clean.shown(number)} is not {what}")
    return number
