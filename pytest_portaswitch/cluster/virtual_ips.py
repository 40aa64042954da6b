"""The ``virtual_ips`` of a cluster file."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.cluster import words
from pytest_portaswitch.cluster.addresses import Addresses
from pytest_portaswitch.cluster.hosts import MYSQL
from pytest_portaswitch.cluster.model import Host, VirtualIp
from pytest_portaswitch.source import Value, closest
from pytest_portaswitch.source.scalar import choice, listing, matching
from pytest_portaswitch.source.tree import Mapping
from pytest_portaswitch.tables.row import Tables


def read(
    value: Value, hosts: dict[str, Host], tables: Tables | None, addresses: Addresses
) -> tuple[VirtualIp, ...]:
    """Virtual IPs in the order of the file."""
    found = []
    for name, entry in (value.entries("a mapping of virtual IPs") or {}).items():
        if not words.is_host_name(name):
            value.refuse_key(name, words.HOST_RULE)
        elif name in hosts:
            value.refuse_key(name, "names a host and a virtual IP")
        virtual_ip = _virtual_ip(name, entry, hosts, tables, addresses)
        found.append(msgspec.structs.replace(virtual_ip, line=value.key_line(name)))
    return tuple(found)


def _virtual_ip(
    name: str, value: Value, hosts: dict[str, Host], tables: Tables | None, addresses: Addresses
) -> VirtualIp:
    section = value.section(("address", "hosts", "serves"), ("standby",))
    if section is None:
        return VirtualIp(name=name, address="", hosts=(), serves=())
    known = None if tables is None else tables.subcomponents
    member = listing(choice(hosts, "a host of this file"), "hosts")
    served = listing(choice(known, "a subcomponent of the tables"), "subcomponents")
    virtual_ip = VirtualIp(
        name=name,
        address=addresses.read(section, "address"),
        hosts=section.read("hosts", member, ()),
        serves=section.read("serves", served, ()),
    )
    standby = section.get("standby")
    if standby is not None:
        virtual_ip = msgspec.structs.replace(virtual_ip, standby=_standby(standby, virtual_ip))
    _same_pins(section.entries.get("serves", value), virtual_ip, hosts)
    if tables is not None:
        _held(section.entries.get("serves", value), virtual_ip, hosts, tables)
    return virtual_ip


def _standby(value: Value, virtual_ip: VirtualIp) -> dict[str, str]:
    """``running`` or a path for all that it serves, or either by subcomponent."""
    if not isinstance(value.node, Mapping):
        same = _state(value)
        return dict.fromkeys(virtual_ip.serves, same) if same else {}
    states = {}
    for name, entry in (value.entries() or {}).items():
        if name not in virtual_ip.serves:
            value.refuse_key(
                name, "is not served by this virtual IP", closest(name, virtual_ip.serves)
            )
        if state := _state(entry):
            states[name] = state
    return states


_state = matching(
    r"running|(/[A-Za-z0-9._+-]+)+",
    "must be 'running' or the absolute path of an installed program",
)


def _held(value: Value, virtual_ip: VirtualIp, hosts: dict[str, Host], tables: Tables) -> None:
    """A subcomponent is served only where a member has a role that runs it."""
    held = {role for name in virtual_ip.hosts for role in hosts[name].roles}
    for name in virtual_ip.serves:
        roles = tables.subcomponents[name].roles
        if virtual_ip.hosts and not held & set(roles):
            value.refuse(
                f"none of {', '.join(virtual_ip.hosts)} has a role that runs it",
                f"it runs on {', '.join(roles)}",
                value=name,
            )


def _same_pins(value: Value, virtual_ip: VirtualIp, hosts: dict[str, Host]) -> None:
    """Behind one address peers meet one port, whichever host holds it."""
    pins = {name: hosts[name].mysql for name in virtual_ip.hosts if hosts[name].mysql}
    if MYSQL in virtual_ip.serves and len({frozenset(ports) for ports in pins.values()}) > 1:
        said = ", ".join(f"{name} {' and '.join(map(str, pins[name]))}" for name in pins)
        value.refuse(
            f"its hosts pin different ports: {said}",
            "at one address they serve the same",
            value=MYSQL,
        )
