"""A whole PortaSwitch-shaped cluster of real daemons on one Linux machine, and ways to break it."""

from pytest_portaswitch.lab.lab import Lab
from pytest_portaswitch.lab.problem import LabProblem

__all__ = ["Lab", "LabProblem"]
