"""A cluster that is not there: the plugin runs as usual, the facts are made from the plan."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

# pytester forgets what a run in this process imported, and cryptography cannot be loaded twice.
import cryptography.x509  # noqa: F401
import pytest

from pytest_portaswitch import cluster, tables
from pytest_portaswitch.plan import expand

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

_ACME = cluster.load(HERE / "acme.yaml")
PLANNED = len(expand(tables.load(_ACME.release), _ACME).checks)
"""Checks of the plan of acme.yaml; ``tests/unit/cli`` has the number."""

CONFTEST = """
import sys
sys.path.insert(0, {root!r})

from tests.plugin.scripted import script

script({changes!r}, {log!r})
"""


class Site:
    """A folder of a site: its cluster file, the suites, and hosts that answer as scripted."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        shutil.copy(HERE / "acme.yaml", self.path / "acme.yaml")
        shutil.copytree(ROOT / "suites", self.path / "suites")
        self.changes: list[tuple[str, str]] = []
        self.log = self.path / "observed.log"

    def change(self, host: str, change: str) -> None:
        """Make a host differ from a healthy one; ``scripted.CHANGES`` has the words."""
        self.changes.append((host, change))

    def audit(self, *arguments: str, cluster: bool = True) -> pytest.RunResult:
        """Run pytest in this process."""
        self._write()
        given = ["--cluster", "acme.yaml"] if cluster else []
        return self.pytester.runpytest_inprocess("suites", *given, *arguments)

    def audit_in_subprocess(self, *arguments: str) -> pytest.RunResult:
        """Run pytest as a person does; xdist and interrupts need it."""
        self._write()
        return self.pytester.runpytest_subprocess(
            "suites", "--cluster", "acme.yaml", *arguments, timeout=300
        )

    def pack(self, cluster: str = "acme-prod") -> Path:
        """Where the last run left its pack of a cluster, be it whole or not."""
        reports = self.path / "reports"
        packs = [reports / cluster, reports / "_partial" / cluster]
        return max((p for p in packs if p.exists()), key=lambda p: p.stat().st_ctime_ns)

    def observed(self) -> list[list[str]]:
        """The hosts of each observation, in order; what the plugin asked for."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split() for line in lines]

    def _write(self) -> None:
        text = CONFTEST.format(root=str(ROOT), changes=self.changes, log=str(self.log))
        (self.path / "conftest.py").write_text(text)
        (self.path / "pytest.ini").write_text("[pytest]\n")


@pytest.fixture
def site(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A healthy site."""
    # These tests may run in a worker of xdist; what they start does not.
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        monkeypatch.delenv(name)
    return Site(pytester)


@pytest.fixture
def audit(site: Site) -> Callable[..., pytest.RunResult]:
    """Run an audit of the site in this process."""
    return site.audit
