"""Audits a PortaSwitch cluster against the vendor's interconnection tables, as pytest tests."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pytest_portaswitch.version import __version__

if TYPE_CHECKING:
    from pytest_portaswitch.facts.model import HostFacts, Observation, Unobserved
    from pytest_portaswitch.judge.verdict import Verdict
    from pytest_portaswitch.plan.check import Check
    from pytest_portaswitch.runner.audits import Audits
    from pytest_portaswitch.runner.outcome import Outcome

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

_HOMES = {
    "Audits": "runner.audits",
    "Check": "plan.check",
    "HostFacts": "facts.model",
    "Observation": "facts.model",
    "Outcome": "runner.outcome",
    "Unobserved": "facts.model",
    "Verdict": "judge.verdict",
}


def __getattr__(name: str) -> object:
    # Only what is asked for is imported: the offline commands need neither pytest nor testinfra.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
