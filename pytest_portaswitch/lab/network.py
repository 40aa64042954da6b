"""The lab's wires: two bridges in its own network namespace, two interfaces on each host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from pytest_portaswitch.lab.topology import HostSpec, Topology

PRIVATE, PUBLIC = "eth0", "eth1"
OUTWARD = 100
"""The routing table of the public address."""
_BRIDGES = {PRIVATE: "private", PUBLIC: "public"}


def port_name(index: int, interface: str) -> str:
    """The lab's end of a host's wire; the kernel allows 15 characters."""
    return f"{_BRIDGES[interface][:3]}{index}"


def operator_commands(topology: Topology, pids: Mapping[str, int]) -> Iterator[str]:
    """Lines for ``ip -batch`` in the operator's namespace; makes the hosts' interfaces too."""
    yield "link set lo up"
    for bridge in _BRIDGES.values():
        yield f"link add {bridge} type bridge"
        yield f"link set {bridge} up"
    yield f"address add {topology.operator}/{topology.prefix_length} dev {_BRIDGES[PRIVATE]}"
    for index, host in enumerate(topology.hosts):
        for interface, bridge in _BRIDGES.items():
            port = port_name(index, interface)
            yield f"link add {port} type veth peer name {interface} netns {pids[host.name]}"
            yield f"link set {port} master {bridge} up"


def host_commands(host: HostSpec, topology: Topology) -> Iterator[str]:
    """Lines for ``ip -batch`` on a host."""
    yield "link set lo up"
    yield private_address("add", host, topology)
    public_length = topology.public_network.partition("/")[2]
    yield f"address add {host.public}/{public_length} dev {PUBLIC}"
    for interface in (PRIVATE, PUBLIC):
        yield f"link set {interface} up"
    yield default_route("add", topology)
    yield f"rule add from {host.public} lookup {OUTWARD} priority 40000"
    for vip in topology.virtual_ips:
        if vip.holder == host.name:
            yield f"address add {vip.address}/32 dev {interface_of(vip.address, topology)}"


def interface_of(address: str, topology: Topology) -> str:
    """The interface that an address belongs on."""
    return PUBLIC if topology.is_public(address) else PRIVATE


def default_route(verb: str, topology: Topology) -> str:
    """The line that adds or deletes a host's default route.

    It is for what is sent from the public address. In the main table it would lead packets for
    peers to a router that is not there, wherever a fault takes a route of their own away.
    """
    return f"route {verb} default via {gateway(topology)} dev {PUBLIC} table {OUTWARD}"


def gateway(topology: Topology) -> str:
    """The router of the public network: its last address, which nobody has in a lab."""
    return str(ip_network(topology.public_network)[-2])


def private_address(verb: str, host: HostSpec, topology: Topology) -> str:
    """The line that adds, replaces or deletes a host's private address."""
    return f"address {verb} {host.private}/{topology.prefix_length} dev {PRIVATE}"
