"""What a host says of itself, before anything of it is believed."""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.facts.model import (
    Connection,
    DefaultRoutes,
    Disk,
    Gap,
    Hint,
    Interface,
    Machine,
    OtherProcesses,
    ProbeResult,
    Process,
    Program,
    Route,
    Socket,
)


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """The reply of either program, in the shape of the Python program's JSON."""

    died: str = ""
    """Why the program gave up; then there is nothing else."""
    clock: float | None = None
    clock_age: float = 0.0
    """Seconds from reading the clock to sending the reply."""
    privileged: bool = False
    hostname: str = ""
    kernel: str = ""
    system: str = ""
    machine: Machine | None = None
    release: str = ""
    inactive_release: str = ""
    ephemeral_ports: tuple[int, int] | None = None
    reserved_ports: tuple[tuple[int, int], ...] = ()
    sockets: tuple[Socket, ...] = ()
    processes: tuple[Process, ...] = ()
    others: tuple[OtherProcesses, ...] = ()
    connections: tuple[Connection, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    default_routes: DefaultRoutes | None = None
    disks: tuple[Disk, ...] = ()
    programs: tuple[Program, ...] = ()
    hints: tuple[Hint, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    certificates: dict[str, bytes] = {}
    gaps: tuple[Gap, ...] = ()


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """What the controller knows of a trip by itself."""

    host: str
    method: Literal["python", "shell"]
    sent: float
    received: float
    took: float
    patterns: tuple[str, ...] | None = None
    """What the request asked of processes; a host says of them only which match."""
    sought: int = 0
