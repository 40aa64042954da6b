"""The shapes of facts, as they travel from a host, between xdist workers and into evidence.

All of it came from a host and is hostile: it is never evaluated, only compared and escaped.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.facts.database import Database
from pytest_portaswitch.facts.default_route import DefaultRoute, DefaultRoutes
from pytest_portaswitch.facts.probe import (
    Arrival,
    Handshake,
    OtherReply,
    Outcome,
    Probe,
    ProbeResult,
)
from pytest_portaswitch.facts.process import OtherProcesses, Process
from pytest_portaswitch.facts.unobserved import WhyUnobserved
from pytest_portaswitch.internal_error import InternalError
from pytest_portaswitch.text import NO_ADDRESS, NO_TEXT, Address, Text


class Socket(msgspec.Struct, frozen=True, kw_only=True):
    """A socket that takes what arrives: TCP in LISTEN, or UDP without a fixed remote end."""

    transport: Literal["tcp", "udp"]
    address: Address
    """As bound: ``0.0.0.0``, ``::``, ``10.0.0.7``. v4-mapped v6 addresses are shown as IPv4."""
    port: int
    v6only: bool | None = None
    """For v6 sockets: whether it refuses IPv4. None: not known (or not a v6 socket)."""
    connected: bool = False
    """UDP with a fixed remote end: a client's socket, not a service."""
    pids: tuple[int, ...] | None = ()
    """Owners, ascending. None: could not be seen (no privilege)."""
    device: Text = NO_TEXT
    """The interface or VRF that it is bound to, by which alone it takes anything; empty where it is
    bound to none, or the kernel was not asked because that would have loaded a module."""
    queued: int = 0
    """TCP: connections that waited to be accepted before any probe was sent (``Recv-Q``)."""
    queued_later: int | None = None
    """The same after all probes, a second later at least where some had waited before. None: none
    had, and then there was room for more; or it was not looked at again."""
    backlog: int | None = None
    """How many may wait (``Send-Q``): with more, the kernel drops what opens a connection. None:
    not known."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """Established TCP connections between the same ends, seen from this host."""

    local: Address
    remote: Address
    local_port: int | None
    """None: several ephemeral ones, counted in ``count``."""
    remote_port: int | None
    pids: tuple[int, ...] | None
    count: int = 1


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """A network interface with the addresses it holds."""

    name: Text
    up: bool
    mtu: int
    addresses: tuple[Address, ...]
    """With prefix length, such as ``10.0.0.7/24``."""
    unusable: tuple[Address, ...] = ()
    """Those among them that it does not use, as duplicate address detection goes on or failed."""
    vrf: Text = NO_TEXT
    """The VRF that it belongs to, or empty."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """How this host would send to an address. Nothing is sent to find out."""

    to: Address
    interface: Text = NO_TEXT
    source: Address = NO_ADDRESS
    gateway: Address = NO_ADDRESS
    error: Text = NO_TEXT
    """Why there is none, such as ``network is unreachable``; empty when there is one."""


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """A writable file system on the host's own disks (or memory). Sizes in bytes."""

    folder: Text
    """Where it is mounted."""
    kind: Text
    size: int
    """Without what only root may fill, as ``df`` counts."""
    free: int
    inodes: int
    """0: it has none to run out of."""
    inodes_free: int


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a program that the cluster file names is installed."""

    path: Text
    there: bool = False
    executable: bool = False
    error: Text = NO_TEXT
    """Why that could not be seen; empty when it could."""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The host's clock beside the controller's, both seconds since the epoch."""

    host: float
    sent: float
    received: float
    """The controller's clock before and after the moment at which the host read its own."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Which machine it is. Ids are hashed on the host, as machine-id(5) demands."""

    id: Text = NO_TEXT
    """Of ``/etc/machine-id``: a copy of a disk has it as well. Empty: it has none."""
    instance: Text = NO_TEXT
    """Of the boot id and the network namespace: no two machines share it, nor do two containers of
    one machine. Empty: not known."""
    uptime: float | None = None
    """Seconds since it was started, at the moment at which it read its clock."""
    host_keys: tuple[Text, ...] = ()
    """Fingerprints of its ssh host keys, such as ``SHA256:...``, sorted."""


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """What a name or a folder of PortaSwitch says of an address. Only a draft asks for it."""

    kind: Literal["hosts-file", "sip-environment", "label", "configurator"]
    """``hosts-file``: /etc/hosts names the address so. ``sip-environment``: a folder of /porta_var
    is for it. ``label``: its interface's label. ``configurator``: the socket of the Configuration
    server's own MySQL is there."""
    name: Text
    address: Address = NO_ADDRESS
    """Empty for a socket."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be seen on a host that otherwise answered."""

    what: Text
    """sockets, owners, processes, connections, interfaces, routes, release, ports, probes, disks,
    programs."""
    why: Text


class HostFacts(msgspec.Struct, frozen=True, kw_only=True, tag="facts", tag_field="type"):
    """Everything that one trip brought back from one host."""

    host: str
    method: Literal["python", "shell"]
    privileged: bool
    """Whether the owners of other users' sockets could be read."""
    took: float
    """Seconds for the whole trip, login included."""
    hostname: Text = NO_TEXT
    release: Text = NO_TEXT
    """The installed PortaSwitch release, such as ``MR119``; empty: see gaps."""
    inactive_release: Text = NO_TEXT
    """The one on the inactive partition, where that is mounted at /update_root; else empty."""
    kernel: Text = NO_TEXT
    system: Text = NO_TEXT
    """PRETTY_NAME of os-release."""
    machine: Machine | None = None
    """None: an older version did not ask."""
    clock: Clock | None = None
    ephemeral_ports: tuple[int, int] | None = None
    reserved_ports: tuple[tuple[int, int], ...] = ()
    sockets: tuple[Socket, ...] = ()
    processes: tuple[Process, ...] = ()
    others: tuple[OtherProcesses, ...] = ()
    patterns: tuple[str, ...] | None = None
    """Regular expressions that were tried on processes. None: an older version kept all command
    lines, and they are tried on those."""
    sought: int = 0
    """So many of them, the first ones, were tried on all processes; the others on those only that
    hold a socket."""
    connections: tuple[Connection, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    default_routes: DefaultRoutes | None = None
    """None: they could not be seen, or an older version did not ask."""
    disks: tuple[Disk, ...] = ()
    programs: tuple[Program, ...] = ()
    hints: tuple[Hint, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    databases: tuple[Database, ...] = ()
    """What servers told that this host's peers were asked about over it, with credentials."""
    certificates: dict[str, bytes] = {}
    """DER by SHA-256, of the handshakes in ``probes``. What another host of the cluster has brought
    already is left out: peers see the same."""
    gaps: tuple[Gap, ...] = ()
    internal_errors: tuple[InternalError, ...] = ()

    def gap(self, what: str) -> str:
        """Why ``what`` could not be seen, or empty when it could."""
        return next((gap.why for gap in self.gaps if gap.what == what), "")


class Unobserved(msgspec.Struct, frozen=True, kw_only=True, tag="unobserved", tag_field="type"):
    """A host that could not be looked at, and why."""

    host: str
    why: WhyUnobserved
    detail: str
    """One line in words for people, with ssh's own words where it had any."""
    took: float = 0.0
    internal_errors: tuple[InternalError, ...] = ()


Observation = HostFacts | Unobserved

__all__ = [
    "Arrival",
    "Clock",
    "Connection",
    "DefaultRoute",
    "DefaultRoutes",
    "Disk",
    "Gap",
    "Handshake",
    "Hint",
    "HostFacts",
    "Interface",
    "Machine",
    "Observation",
    "OtherProcesses",
    "OtherReply",
    "Outcome",
    "Probe",
    "ProbeResult",
    "Process",
    "Program",
    "Route",
    "Socket",
    "Unobserved",
    "WhyUnobserved",
]
