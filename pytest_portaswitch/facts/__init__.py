"""What was seen on the hosts: facts, never opinions."""

from pytest_portaswitch.facts.model import (
    Clock,
    Connection,
    Gap,
    HostFacts,
    Interface,
    Observation,
    Probe,
    ProbeResult,
    Process,
    Route,
    Socket,
    Unobserved,
    WhyUnobserved,
)

__all__ = [
    "Clock",
    "Connection",
    "Gap",
    "HostFacts",
    "Interface",
    "Observation",
    "Probe",
    "ProbeResult",
    "Process",
    "Route",
    "Socket",
    "Unobserved",
    "WhyUnobserved",
]
