"""What was seen on the hosts: facts, never opinions."""

from pytest_portaswitch.facts.database import Database, Replication
from pytest_portaswitch.facts.model import (
    Arrival,
    Clock,
    Connection,
    Disk,
    Gap,
    Handshake,
    HostFacts,
    Interface,
    Observation,
    Probe,
    ProbeResult,
    Process,
    Program,
    Route,
    Socket,
    Unobserved,
    WhyUnobserved,
)

__all__ = [
    "Arrival",
    "Clock",
    "Connection",
    "Database",
    "Disk",
    "Gap",
    "Handshake",
    "HostFacts",
    "Interface",
    "Observation",
    "Probe",
    "ProbeResult",
    "Process",
    "Program",
    "Replication",
    "Route",
    "Socket",
    "Unobserved",
    "WhyUnobserved",
]
