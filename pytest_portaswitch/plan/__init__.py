"""Tables times cluster: the checks. Nothing here touches the network."""

from pytest_portaswitch.plan.check import Check, Kind
from pytest_portaswitch.plan.expand import Plan, Unexpanded, expand

__all__ = ["Check", "Kind", "Plan", "Unexpanded", "expand"]
