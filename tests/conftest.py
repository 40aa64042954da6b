"""For all tests: which are slow besides those that bear the mark, and how hypothesis runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says more of the machine than of the code.
settings.register_profile("portaswitch", deadline=None)
settings.load_profile("portaswitch")

HERE = Path(__file__).parent
SLOW = {"browser", "package"}
"""Folders whose tests start a browser, or install the project."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.path.relative_to(HERE).parts[0] in SLOW:
            item.add_marker(pytest.mark.slow)
