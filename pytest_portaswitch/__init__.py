"""Audits a PortaSwitch cluster against the vendor's interconnection tables, as pytest tests."""

from pytest_portaswitch.facts import HostFacts, Observation, Unobserved
from pytest_portaswitch.judge import Verdict
from pytest_portaswitch.plan import Check
from pytest_portaswitch.runner.audits import Audits
from pytest_portaswitch.runner.outcome import Outcome
from pytest_portaswitch.version import __version__

__all__ = [
    "Audits",
    "Check",
    "HostFacts",
    "Observation",
    "Outcome",
    "Unobserved",
    "Verdict",
    "__version__",
]
