"""The command ``pytest-portaswitch``: plans and evidence offline, and the lab."""

from pytest_portaswitch.cli.main import main

__all__ = ["main"]
