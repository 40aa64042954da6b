"""Which of a host's addresses is the private one, and which the public one."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pytest_portaswitch.facts import HostFacts

_Interface: TypeAlias = "ipaddress.IPv4Interface | ipaddress.IPv6Interface"

PRIVATE = tuple(
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""What is routed inside a site only. ``is_private`` of Python has examples and tests among it."""


@dataclass(frozen=True)
class Held:
    """An address that an interface holds."""

    interface: str
    up: bool
    at: _Interface

    @property
    def address(self) -> str:
        """Without the length of its network."""
        return str(self.at.ip)

    @property
    def is_private(self) -> bool:
        """Whether it is of a private range."""
        return any(self.at.ip in net for net in PRIVATE)

    @property
    def stands_alone(self) -> bool:
        """Whether it is in no network, as virtual IPs are often held."""
        return self.at.network.num_addresses == 1


@dataclass(frozen=True)
class Choice:
    """An address that was chosen, or empty, and why."""

    address: str = ""
    why: str = ""
    guess: bool = False


def held(facts: HostFacts) -> tuple[Held, ...]:
    """The addresses by which others may reach the host."""
    found = []
    for interface in facts.interfaces:
        for words in interface.addresses:
            at = ipaddress.ip_interface(words)
            ip = at.ip
            if not (ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast):
                found.append(Held(interface.name, interface.up, at))
    return tuple(found)


def private(
    given: str,
    mine: tuple[Held, ...],
    holders: Mapping[str, int],
    moving: Collection[str] = frozenset(),
) -> Choice:
    """The private address of a host that was seen.

    ``holders``: how many hosts hold each. ``moving``: addresses that are surely virtual IPs.
    """
    inside = [one for one in mine if one.is_private and one.address not in moving]
    for one in mine:
        if one.address in moving:
            continue
        if one.address == given and one.is_private:
            others = [other for other in inside if other != one]
            # A virtual IP is often held so, and is not the host's own.
            moves = one.stands_alone and any(not other.stands_alone for other in others)
            return Choice(given, _words(one, others), guess=moves)
        if one.address == given and not inside:
            return Choice(given, f"it is of no private range, and {one.interface} holds it", True)
    if not inside:
        return Choice("", "the host holds no address of a private range")
    best, *others = sorted(inside, key=lambda one: _rank(one, holders))
    equal = [one for one in others if _rank(one, holders)[:2] == _rank(best, holders)[:2]]
    # Bridges of containers have one address on every host.
    shared = holders[best.address] > 1
    why = _words(best, others) + ("; another host holds it, too" if shared else "")
    return Choice(best.address, why, guess=shared or bool(equal))


def public(
    given: str,
    mine: tuple[Held, ...],
    own: str,
    moving: Collection[str] = frozenset(),
    labelled: Collection[str] = frozenset(),
) -> Choice:
    """The public address of a host that was seen, where it has one.

    ``own``: its private one. ``labelled``: addresses that PortaSwitch gives to a service.
    """
    held_here = [one for one in mine if not one.is_private and one.address != own]
    outside = [one for one in held_here if one.address not in moving]
    if held_here and not outside:
        return Choice("", f"{held_here[0].address} is a virtual IP, and it holds no other")
    if not outside:
        return Choice()
    best = sorted(
        outside,
        key=lambda one: (
            one.address != given,
            one.at.version,
            one.stands_alone or one.address in labelled,
        ),
    )
    same = [one for one in best[1:] if one.at.version == best[0].at.version]
    guess = bool(same) and best[0].address != given
    return Choice(best[0].address, _words(best[0], best[1:]), guess)


def of_unseen(given: str) -> Choice:
    """The private address of a host whose interfaces nobody saw."""
    try:
        ip = ipaddress.ip_address(given)
    except ValueError:
        return Choice("", "no interface of the host was seen")
    if any(ip in net for net in PRIVATE):
        return Choice(given, "as it was given; no interface of the host was seen", guess=True)
    return Choice("", f"no interface of the host was seen, and {given} is of no private range")


def _rank(one: Held, holders: Mapping[str, int]) -> tuple[bool, bool, bool, int]:
    return (holders[one.address] > 1, one.stands_alone, not one.up, one.at.version)


def _words(one: Held, others: list[Held]) -> str:
    rest = ", ".join(other.address for other in others[:4])
    return f"held by {one.interface}" + (f"; the host also holds {rest}" if rest else "")
