"""For this repository's own tests and suites. The plugin itself comes by its entry point."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Say how to mend a clone in which the plugin is not installed."""
    if not config.pluginmanager.hasplugin("portaswitch"):
        raise pytest.UsageError(
            "the plugin pytest-portaswitch is not installed in this Python; run `make setup` "
            "and use .venv/bin/pytest, or install it with `pip install -e .`"
        )
