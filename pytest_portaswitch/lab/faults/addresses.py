"""Faults of addresses and interfaces."""

from __future__ import annotations

from ipaddress import ip_network

from pytest_portaswitch.lab.faults.fault import Breaking, Fault
from pytest_portaswitch.lab.network import (
    PRIVATE,
    PUBLIC,
    default_route,
    interface_of,
    private_address,
)
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.topology import VirtualIpSpec


def _no_address(breaking: Breaking) -> None:
    host, topology = breaking.host(), breaking.lab.site.topology
    spec = topology.host(host.name)
    add, delete = (private_address(verb, spec, topology) for verb in ("replace", "delete"))
    breaking.later("run", host=host.name, command=["ip", *add.split()])
    host.run(["ip", *delete.split()])


def _unplugged(breaking: Breaking) -> None:
    host = breaking.host()
    route = default_route("replace", breaking.lab.site.topology)
    breaking.later("run", host=host.name, command=["ip", *route.split()])
    for interface in (PRIVATE, PUBLIC):
        up = ["ip", "link", "set", interface, "up"]
        breaking.later("run", host=host.name, command=up)
        host.run([*up[:-1], "down"])


def _no_gateway(breaking: Breaking) -> None:
    host, topology = breaking.host(), breaking.lab.site.topology
    add, delete = (default_route(verb, topology) for verb in ("replace", "delete"))
    breaking.later("run", host=host.name, command=["ip", *add.split()])
    host.run(["ip", *delete.split()])


def _other_gateway(breaking: Breaking) -> None:
    host = breaking.host()
    other = str(ip_network(breaking.lab.site.topology.public_network)[-3])
    route = ["default", "via", other, "dev", PUBLIC]
    breaking.later("run", host=host.name, command=["ip", "route", "delete", *route])
    host.run(["ip", "route", "add", *route])


def _mtu(breaking: Breaking) -> None:
    host = breaking.host()
    size = int(breaking.option("to", "1400"))
    now = host.path("/sys/class/net/" + PRIVATE + "/mtu").read_text().strip()
    set_ = ["ip", "link", "set", PRIVATE, "mtu"]
    breaking.later("run", host=host.name, command=[*set_, now])
    host.run([*set_, str(size)])


def _virtual_ip_twice(breaking: Breaking) -> None:
    vip = _virtual_ip(breaking)
    _give(breaking, vip, _standby(vip))


def _virtual_ip_nowhere(breaking: Breaking) -> None:
    _take(breaking, _virtual_ip(breaking))


def _virtual_ip_moved(breaking: Breaking) -> None:
    vip = _virtual_ip(breaking)
    _take(breaking, vip)
    _give(breaking, vip, _standby(vip))
    forget = ["ip", "neighbour", "flush", "to", vip.address]
    # A real failover announces itself by gratuitous ARP; here everybody is told to forget.
    for host in breaking.lab.hosts.values():
        breaking.undo.insert(0, {"do": "run", "host": host.name, "command": forget})
        host.run(forget)


def _give(breaking: Breaking, vip: VirtualIpSpec, host: str) -> None:
    breaking.later("run", host=host, command=_ip("delete", vip, breaking))
    breaking.lab.host(host).run(_ip("add", vip, breaking))


def _take(breaking: Breaking, vip: VirtualIpSpec) -> None:
    breaking.later("run", host=vip.holder, command=_ip("replace", vip, breaking))
    breaking.lab.host(vip.holder).run(_ip("delete", vip, breaking))


def _ip(verb: str, vip: VirtualIpSpec, breaking: Breaking) -> list[str]:
    interface = interface_of(vip.address, breaking.lab.site.topology)
    return ["ip", "address", verb, f"{vip.address}/32", "dev", interface]


def _virtual_ip(breaking: Breaking) -> VirtualIpSpec:
    virtual_ips = breaking.lab.site.topology.virtual_ips
    for vip in virtual_ips:
        if vip.name == breaking.targets[0]:
            return vip
    names = ", ".join(vip.name for vip in virtual_ips) or "none"
    raise LabProblem(f"there is no virtual IP {breaking.targets[0]!r}", checked=[f"there: {names}"])


def _standby(vip: VirtualIpSpec) -> str:
    if len(vip.hosts) == 1:
        raise LabProblem(f"virtual IP {vip.name} has no standby")
    return vip.hosts[1]


_HOST, _VIP = ("HOST",), ("VIRTUAL-IP",)
FAULTS = (
    Fault("no-address", _HOST, "its private address is gone", _no_address),
    Fault("unplugged", _HOST, "both of its interfaces are down", _unplugged),
    Fault("no-gateway", _HOST, "its default route is gone", _no_gateway),
    Fault(
        "other-gateway",
        _HOST,
        "its default route leads to a router that is in no file of its network configuration",
        _other_gateway,
    ),
    Fault("mtu", _HOST, "another MTU on its private interface", _mtu, ("to=1400",)),
    Fault("virtual-ip-twice", _VIP, "the standby holds the address, too", _virtual_ip_twice),
    Fault("virtual-ip-nowhere", _VIP, "nobody holds the address", _virtual_ip_nowhere),
    Fault(
        "virtual-ip-moved",
        _VIP,
        "a failover, which is no fault: the standby holds it instead",
        _virtual_ip_moved,
        harmless=True,
    ),
)
