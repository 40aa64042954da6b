"""With a file that was drafted and completed only where the draft asks, no fault is ready."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import audit
from .cases import CASES, DRAFTED
from .drafting import completed, draft
from .table import OF_A_DRAFT


@pytest.fixture(scope="module")
def answered(full: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file such as a newcomer has, of the healthy lab."""
    path = completed(full, draft(full, tmp_path_factory.mktemp("drafted") / "full.yaml"))
    assert audit(full, cluster=path).evidence["verdict"] == "ready"
    return path


@pytest.mark.parametrize("name", DRAFTED)
def test_no_fault_yields_a_ready_cluster(
    full: Lab, answered: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    """It is as grave as with the lab's own file, which pins what the draft has to find out."""
    case = CASES[name]
    with full.broken(*case.fault, **case.options):
        result = audit(full, cluster=answered)
    told = [cause["title"] for cause in result.evidence["causes"]]
    assert result.evidence["verdict"] == DRAFTED[name], told
    record_property(OF_A_DRAFT, name)
