"""Which addresses a host holds, and what sent to one arrives at a socket."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

from pytest_portaswitch.facts.model import HostFacts, Interface, Socket
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.same import Same
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.plan.check import Place


def covers(facts: HostFacts, socket: Socket, address: str) -> bool | None:
    """Whether what peers send to an address can arrive at a socket. None: cannot be told.

    A v6 wildcard takes IPv4 as well unless it was told not to. What is bound to a device takes what
    comes by it alone: by the interface that has the address, or by its VRF. Whether a socket that
    is bound to none takes what comes by a VRF is a setting (``tcp_l3mdev_accept``).
    """
    fits = _takes(socket, address)
    if fits is False or not (socket.device or _has_vrf(Same(facts))):
        return fits
    at = next(_holding_interfaces(facts, address), None)
    if at is None or _is_loopback(facts, at.name):
        # Held there, it is met by way of another interface.
        return None if socket.device else fits
    if socket.device:
        return fits if socket.device in (at.name, at.vrf) else False
    return None if at.vrf else fits


def in_doubt(socket: Socket, address: str) -> str:
    """What it is that nobody can tell whether such a socket takes it."""
    plain = ":" in socket.address and ":" not in address and not socket.device
    return "IPv4" if plain else f"what is sent to {address}"


@functools.lru_cache(maxsize=64)
def _has_vrf(of: Same) -> bool:
    return any(interface.vrf for interface in of.facts.interfaces)


def _takes(socket: Socket, address: str) -> bool | None:
    """Whether the address that a socket is bound to is that one, or any."""
    if socket.address == address:
        return True
    bound, wanted = ip(socket.address), ip(address)
    if not bound.is_unspecified:
        return bound == wanted
    if bound.version == wanted.version:
        return True
    if bound.version == 4:
        return False
    return None if socket.v6only is None else not socket.v6only


def is_wildcard(socket: Socket) -> bool:
    """Whether it is bound to every address."""
    return ip(socket.address).is_unspecified


def holds(facts: HostFacts, address: str) -> str:
    """The name of the interface that holds an address, or empty."""
    return next((interface.name for interface in _holding_interfaces(facts, address)), "")


def uses(facts: HostFacts, address: str) -> str:
    """The name of an interface that is up and may be met at an address, or empty.

    On one that is down, or where duplicate address detection found another host, it meets nobody.
    """
    wanted = ip(address)
    return next(
        (
            interface.name
            for interface in _holding_interfaces(facts, address)
            if interface.up and all(_own(held) != wanted for held in interface.unusable)
        ),
        "",
    )


def is_at(facts: HostFacts, place: Place) -> bool:
    """Whether a host holds the address of a place; a virtual IP so that it may be met there."""
    return bool((uses if place.virtual else holds)(facts, place.address))


def met_at(hosts: Iterable[HostFacts], address: str) -> list[HostFacts]:
    """The hosts that what is sent to an address may reach.

    Servers behind a balancer hold its address on loopback, where nobody asks for it: that counts
    only where no other host has it.
    """
    found = {host.host: (host, uses(host, address)) for host in hosts if uses(host, address)}
    outside = [host for host, name in found.values() if not _is_loopback(host, name)]
    return outside or [host for host, _ in found.values()]


def held_twice(address: str, host: str, facts: Facts) -> Fault | None:
    """The fault of an address of a host that another host has as well; None where none has.

    Two names of one machine have all their addresses in common, and that is another matter.
    """
    own = facts.get(host)
    if not isinstance(own, HostFacts) or not uses(own, address):
        return None
    others = (
        other
        for other in facts.values()
        if isinstance(other, HostFacts) and other.interfaces != own.interfaces
    )
    names = sorted(one.host for one in met_at((own, *others), address))
    if host not in names or len(names) < 2:
        return None
    return fault("address-twice", address, detail=" and ".join(names))


def _is_loopback(facts: HostFacts, name: str) -> bool:
    named = (interface for interface in facts.interfaces if interface.name == name)
    return any(_own(held).is_loopback for one in named for held in one.addresses)


def _holding_interfaces(facts: HostFacts, address: str) -> Iterator[Interface]:
    wanted = ip(address)
    for interface in facts.interfaces:
        if any(_own(held) == wanted for held in interface.addresses):
            yield interface


# The same few addresses are compared again and again: of each host about each other.
@functools.lru_cache(maxsize=4096)
def _own(held: str) -> IPv4Address | IPv6Address:
    """The address itself of one such as ``10.0.0.5/24``."""
    return ipaddress.ip_interface(held).ip


@functools.lru_cache(maxsize=4096)
def ip(address: str) -> IPv4Address | IPv6Address:
    """An address as one that can be compared, however it is written."""
    return ipaddress.ip_address(address)
