"""Hooks with which a site extends an audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_portaswitch.cluster.model import Cluster
    from pytest_portaswitch.judge.verdict import Verdict
    from pytest_portaswitch.plan.check import Check


@pytest.hookspec
def pytest_portaswitch_tables(config: pytest.Config) -> list[Path]:
    """Return further table files, as if they were given with ``--tables``."""
    raise NotImplementedError


@pytest.hookspec
def pytest_portaswitch_checks(config: pytest.Config, cluster: Cluster, checks: list[Check]) -> None:
    """Change the planned checks of a cluster in place: add some, take some out, reorder none.

    It runs on every xdist worker and must do the same on each. What it takes out is missing
    from the totals and every report says so, so prefer a waiver.
    """


@pytest.hookspec
def pytest_portaswitch_verdict(
    config: pytest.Config, cluster: Cluster, check: Check, verdict: Verdict
) -> None:
    """Called with each verdict once it is known, where the check was judged."""


@pytest.hookspec
def pytest_portaswitch_evidence(config: pytest.Config, cluster: Cluster, path: Path) -> None:
    """Called after the evidence of a cluster was written, on the controller only."""
