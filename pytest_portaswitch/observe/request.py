"""What is asked of one host in its single trip."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.protocols.step import Step


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes to be carried to and from a service. ``key`` names the conversation."""

    key: str
    address: str
    port: int
    patience: float = 0.0
    """Seconds to wait for the first word at least."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """All that one host is asked for. ``scripts`` are by the key of a probe."""

    host: str
    probes: tuple[Probe, ...] = ()
    scripts: dict[str, tuple[Step, ...]] = {}
    relays: tuple[Stream, ...] = ()
    routes_to: tuple[str, ...] = ()
    connections_to: tuple[str, ...] = ()
    """Addresses of the cluster: established connections to others are not brought back."""
    patterns: tuple[str, ...] = ()
    """Regular expressions: which processes match them?"""
    sought: int = 0
    """So many of them, the first ones, are looked for among all processes; the others only where
    a process holds a socket."""
    programs: tuple[str, ...] = ()
    """Absolute paths of programs: are they installed?"""
    hints: bool = False
    """Whether to say what names and folders of PortaSwitch tell of the host."""
    probe_timeout: float = 3.0
    """Seconds a single probe may take, connect and each reply."""
    watched: tuple[Probe, ...] = ()
    """Datagrams that are sent in the second round only, while their target watches."""
    second: bool = False
    """Whether the host may be needed in a second round, as source or as target."""
    udp_timeout: float = 0.5
    """Seconds to wait for a datagram in return that nobody owes (``Step.due``): silence is the
    usual answer, and a network that connects servers brings a reply in milliseconds."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on every trip. Seconds and bytes."""

    connect_timeout: float = 10.0
    host_timeout: float = 30.0
    """The whole trip, login and probes included, after which it is cut."""
    probe_timeout: float = 3.0
    output: int = 32 * 1024 * 1024
    parallel: int = 32
    """Hosts looked at side by side."""


__all__ = ["Limits", "Request", "Step"]
