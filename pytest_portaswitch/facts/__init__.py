"""What was seen on the hosts: facts, never opinions."""

from pytest_portaswitch.facts.model import (
    Clock,
    Connection,
    Disk,
    Gap,
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
    "Clock",
    "Connection",
    "Disk",
    "Gap",
    "HostFacts",
    "Interface",
    "Observation",
    "Probe",
    "ProbeResult",
    "Process",
    "Program",
    "Route",
    "Socket",
    "Unobserved",
    "WhyUnobserved",
]
