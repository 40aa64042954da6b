"""Every shape of the lab that is healthy is told to be so, however small or large."""

from __future__ import annotations

import os

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import audit


@pytest.mark.parametrize("topology", ["small", "wide"])
def test_a_healthy_cluster_of_any_size_has_no_failure(topology: str) -> None:
    """Thirty servers that all probe one another on this one machine overload nobody."""
    with Lab.up(topology, name=f"test-{topology}-{os.getpid()}") as lab:
        # All hosts share the cores of this machine with the audit, and may wait for one another.
        result = audit(lab, "--tb=no", "--host-timeout=90")
    assert result.run.returncode == 0, result.run.stdout[-5000:]
    assert result.causes("failed", "not-observed", "waived") == set()
