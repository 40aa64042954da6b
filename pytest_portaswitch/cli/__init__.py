"""The command ``pytest-portaswitch``: offline work, drafts of cluster files, and the lab."""

from pytest_portaswitch.cli.main import main

__all__ = ["main"]
