"""For all tests: which are slow besides those that bear the mark, and how hypothesis runs."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says more of the machine than of the code.
settings.register_profile("portaswitch", deadline=None)
settings.load_profile("portaswitch")

# Who starts the tests in the background of a shell has it ignored, which all children inherit:
# no test could interrupt anything then.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
SLOW = {"browser", "package"}
"""Folders whose tests start a browser, or install the project."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.path.relative_to(HERE).parts[0] in SLOW:
            item.add_marker(pytest.mark.slow)
