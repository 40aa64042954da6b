"""Looks at hosts: one bounded trip to each, all side by side. Only this package talks to hosts."""

from pytest_portaswitch.observe.fleet import OnProgress, observe
from pytest_portaswitch.observe.hosts import HostError, testinfra_host
from pytest_portaswitch.observe.job import Job
from pytest_portaswitch.observe.progress import progress_bar
from pytest_portaswitch.observe.request import Limits, Request

__all__ = [
    "HostError",
    "Job",
    "Limits",
    "OnProgress",
    "Request",
    "observe",
    "progress_bar",
    "testinfra_host",
]
