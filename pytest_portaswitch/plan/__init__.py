"""Tables times cluster: the checks. Nothing here touches the network."""

from pytest_portaswitch.plan.check import Check, Kind
from pytest_portaswitch.plan.expand import Plan, expand
from pytest_portaswitch.plan.left_out import Unexpanded, Unheld, Unreached

__all__ = ["Check", "Kind", "Plan", "Unexpanded", "Unheld", "Unreached", "expand"]
