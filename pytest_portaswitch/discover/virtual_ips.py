"""Addresses that one host of a group holds beside its own, and that may move."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pytest_portaswitch.discover.addresses import Held
from pytest_portaswitch.discover.hints import Hints
from pytest_portaswitch.discover.roles import Roles, listening
from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.tables import Tables

OWNERS = frozenset({"dispatching-node", "dispatching-sbc"})
"""Roles that own a virtual IP, a public one, as the vendor's documentation says."""


@dataclass(frozen=True)
class Member:
    """A host, as far as virtual IPs go."""

    name: str
    private: str
    public: str
    held: tuple[Held, ...]
    roles: Roles


@dataclass(frozen=True)
class VirtualIp:
    """An address that looks like one. Without ``hosts`` and ``serves`` it cannot be told."""

    address: str
    holder: str
    hosts: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    shared: bool = False
    """Whether the others listen there already, though they do not hold it."""
    running: tuple[str, ...] = ()
    """Of what it serves, what runs on all the others."""


def moving(
    seen: Sequence[Observation], held: Sequence[tuple[Held, ...]], hints: Hints
) -> frozenset[str]:
    """Addresses that one host holds, and where another one listens without holding them, or for
    which another one has a folder.
    """
    holders: dict[str, int] = {}
    for mine in held:
        for address in {one.address for one in mine}:
            holders[address] = holders.get(address, 0) + 1
    shared = {a for a, hosts in hints.environments.items() if len(hosts) > 1}
    return frozenset(address for address in shared if holders.get(address) == 1) | frozenset(
        socket.address
        for one, mine in zip(seen, held, strict=True)
        if isinstance(one, HostFacts)
        for socket in listening(one)
        if holders.get(socket.address) == 1
        and socket.address not in {each.address for each in mine}
    )


def virtual_ips(
    members: Sequence[Member], tables: Tables, moves: Collection[str] = frozenset()
) -> tuple[VirtualIp, ...]:
    """What looks like a virtual IP, in the order of its holders. ``moves``: what surely is one."""
    own = {address for member in members for address in (member.private, member.public)}
    holders: dict[str, list[str]] = {}
    for member in members:
        for one in member.held:
            holders.setdefault(one.address, []).append(member.name)
    found = (
        (one, _told(one.address, member, members, tables))
        for member in members
        for one in _beside(member, moves)
        if one.address not in own and len(holders[one.address]) == 1
    )
    # Servers have several public addresses for many reasons: untold, they are not worth a remark.
    return tuple(vip for one, vip in found if vip.hosts or one.is_private or one.address in moves)


def with_holders(written: Sequence[VirtualIp], members: Sequence[Member]) -> list[VirtualIp]:
    """The virtual IPs of a file, with who holds each now; empty where nobody does."""
    held = {one.address: member.name for member in members for one in member.held}
    return [replace(one, holder=held.get(one.address, "")) for one in written]


def _beside(member: Member, moves: Collection[str]) -> list[Held]:
    """What it holds beside its own addresses, and that may move: near one of them, or surely."""
    own = {member.private, member.public}
    networks = [one.at.network for one in member.held if one.address in own]
    owner = bool(OWNERS & {proposal.role for proposal in member.roles.proposed})
    return [
        one
        for one in member.held
        if one.address in moves
        or (
            one.address not in own
            and (one.is_private or owner)
            and any(one.at.ip in network for network in networks)
        )
    ]


def _told(address: str, holder: Member, members: Sequence[Member], tables: Tables) -> VirtualIp:
    """What listens at the very address on its holder, and who else could."""
    serves = tuple(name for name in tables.subcomponents if name in _at(address, holder))
    others = [member for member in members if member is not holder]
    bound = [member for member in others if set(serves) & _at(address, member)]
    roles = {role for name in serves for role in tables.subcomponents[name].roles}
    able = [
        member for member in others if roles & {proposal.role for proposal in member.roles.proposed}
    ]
    standbys = bound or able
    if not (serves and standbys):
        return VirtualIp(address, holder.name)
    return VirtualIp(
        address,
        holder.name,
        (holder.name, *(member.name for member in standbys)),
        serves,
        bool(bound),
        tuple(name for name in serves if all(name in _running(member) for member in standbys)),
    )


def _running(member: Member) -> set[str]:
    return {sign.subcomponent for proposal in member.roles.proposed for sign in proposal.signs}


def _at(address: str, member: Member) -> set[str]:
    """The subcomponents of proposed roles that listen at an address, or, of a role that owns a
    virtual IP, at any.
    """
    wanted = ipaddress.ip_address(address)
    found = set()
    for proposal in member.roles.proposed:
        for sign in proposal.signs:
            if sign.socket is None:
                continue
            bound = ipaddress.ip_address(sign.socket.address)
            if bound == wanted or (bound.is_unspecified and proposal.role in OWNERS):
                found.add(sign.subcomponent)
    return found
