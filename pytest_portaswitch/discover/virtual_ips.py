"""Addresses that one host of a group holds beside its own, and that may move."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_portaswitch.discover.addresses import Held
from pytest_portaswitch.discover.roles import Roles
from pytest_portaswitch.tables import Tables


@dataclass(frozen=True)
class Member:
    """A host, as far as virtual IPs go."""

    name: str
    private: str
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


def virtual_ips(members: Sequence[Member], tables: Tables) -> tuple[VirtualIp, ...]:
    """What looks like a virtual IP, in the order of its holders."""
    own = {member.private for member in members}
    holders: dict[str, list[str]] = {}
    for member in members:
        for one in member.held:
            holders.setdefault(one.address, []).append(member.name)
    return tuple(
        _told(one.address, member, members, tables)
        for member in members
        for one in _beside(member)
        if one.address not in own and len(holders[one.address]) == 1
    )


def _beside(member: Member) -> list[Held]:
    """Private addresses that it holds in the network of its own one."""
    networks = [one.at.network for one in member.held if one.address == member.private]
    return [
        one
        for one in member.held
        if one.is_private
        and one.address != member.private
        and any(one.at.ip in network for network in networks)
    ]


def _told(address: str, holder: Member, members: Sequence[Member], tables: Tables) -> VirtualIp:
    """What listens at the very address on its holder, and who else could."""
    serves = tuple(name for name in tables.subcomponents if name in _at(address, holder))
    others = [member for member in members if member is not holder]
    bound = [member.name for member in others if set(serves) & _at(address, member)]
    roles = {role for name in serves for role in tables.subcomponents[name].roles}
    able = [
        member.name
        for member in others
        if roles & {proposal.role for proposal in member.roles.proposed}
    ]
    if not (serves and (bound or able)):
        return VirtualIp(address, holder.name)
    return VirtualIp(address, holder.name, (holder.name, *(bound or able)), serves, bool(bound))


def _at(address: str, member: Member) -> set[str]:
    """The subcomponents of proposed roles that listen at an address, and not at any."""
    wanted = ipaddress.ip_address(address)
    return {
        sign.subcomponent
        for proposal in member.roles.proposed
        for sign in proposal.signs
        if sign.socket is not None and ipaddress.ip_address(sign.socket.address) == wanted
    }
