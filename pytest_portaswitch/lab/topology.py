"""Topology files: which hosts a lab has, with which roles, addresses and virtual IPs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.services import CATALOGUE, ROLES, Catalogue, catalogue

SHIPPED = Path(__file__).parent / "topologies"
_HOST_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_SCALED_ROLE = "processing-node"


@dataclass(frozen=True)
class HostSpec:
    """One server that a lab is to have."""

    name: str
    roles: tuple[str, ...]
    private: str
    public: str


@dataclass(frozen=True)
class VirtualIpSpec:
    """An address held by the first of ``hosts``; the daemons it serves run on all of them."""

    name: str
    address: str
    hosts: tuple[str, ...]
    serves: tuple[str, ...]

    @property
    def holder(self) -> str:
        """The host that has the address in a lab where nothing is broken."""
        return self.hosts[0]


@dataclass(frozen=True)
class Topology:
    """The shape of one lab."""

    name: str
    release: str
    private_network: str
    public_network: str
    operator: str
    hosts: tuple[HostSpec, ...]
    virtual_ips: tuple[VirtualIpSpec, ...]
    services: Catalogue = field(default=CATALOGUE, hash=False)
    """What runs for each role."""

    def host(self, name: str) -> HostSpec:
        """The host of that name; KeyError when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    def hosts_of(self, role: str) -> tuple[HostSpec, ...]:
        """The hosts that hold a role, in the order of the file."""
        return tuple(host for host in self.hosts if role in host.roles)

    def is_public(self, address: str) -> bool:
        """Whether an address is one of the public network."""
        return ipaddress.ip_address(address) in ipaddress.ip_network(self.public_network)

    @property
    def prefix_length(self) -> int:
        """Of the private network."""
        return ipaddress.ip_network(self.private_network).prefixlen


def shipped() -> tuple[str, ...]:
    """The names of the topologies that come with the package."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load(name_or_path: str, *, processing_nodes: int | None = None) -> Topology:
    """Read a shipped topology by name or any other by path; LabProblem when it is no good."""
    path = SHIPPED / f"{name_or_path}.yaml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise LabProblem(
            f"there is no topology {name_or_path!r}",
            cause="it is neither a shipped topology nor a file",
            checked=[f"shipped: {', '.join(shipped())}", f"file: {path}"],
            fix=["name a shipped one", "give the path of a YAML file"],
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _topology(path.stem, document, processing_nodes)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        cause = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise LabProblem(
            f"the topology {path} cannot be used",
            cause=cause,
            fix=[f"compare it with {SHIPPED / 'full.yaml'}"],
        ) from None


def _topology(name: str, document: Mapping[str, Any], processing_nodes: int | None) -> Topology:
    networks = document["networks"]
    private = ipaddress.IPv4Network(networks["private"])
    public = ipaddress.IPv4Network(networks["public"])
    virtual_ips = tuple(
        VirtualIpSpec(vip, item["address"], tuple(item["hosts"]), tuple(item.get("serves", ())))
        for vip, item in document.get("virtual_ips", {}).items()
    )
    taken = {vip.address for vip in virtual_ips}
    taken |= {str(item["private"]) for item in document["hosts"].values() if "private" in item}
    # The first address of the network is the operator's.
    operator, *free = (str(address) for address in private.hosts() if str(address) not in taken)
    addresses = iter(free)
    hosts = []
    for host, item in _expand(document["hosts"], processing_nodes):
        address = item.get("private") or next(addresses, None)
        if address is None:
            raise ValueError(f"the network {private} has too few addresses for host {host}")
        offset = int(ipaddress.IPv4Address(address)) - int(private.network_address)
        hosts.append(
            HostSpec(host, _roles(host, item), address, item.get("public") or str(public[offset]))
        )
    known = {host.name for host in hosts}
    for vip in virtual_ips:
        if not vip.hosts or not set(vip.hosts) <= known:
            raise ValueError(f"virtual IP {vip.name} names hosts that there are not: {vip.hosts}")
    return Topology(
        name, document["release"], str(private), str(public), operator, tuple(hosts), virtual_ips,
        catalogue(document.get("services", {})),
    )  # fmt: skip


def _expand(
    hosts: Mapping[str, Mapping[str, Any]], processing_nodes: int | None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, item in hosts.items():
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a host")
        if "count" not in item:
            yield name, item
            continue
        scaled = _SCALED_ROLE in item["roles"] and processing_nodes is not None
        count = processing_nodes if scaled else item["count"]
        for number in range(1, (count or 0) + 1):
            yield f"{name}{number}", item


def _roles(host: str, item: Mapping[str, Any]) -> tuple[str, ...]:
    unknown = set(item["roles"]) - set(ROLES)
    if unknown:
        raise ValueError(
            f"host {host} has unknown roles {sorted(unknown)}; valid are {', '.join(ROLES)}"
        )
    return tuple(item["roles"])
