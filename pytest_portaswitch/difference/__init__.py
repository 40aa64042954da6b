"""What is different between two audits of a cluster: of its checks, and of what was seen."""

from pytest_portaswitch.difference.compare import baseline_of, compare
from pytest_portaswitch.difference.model import (
    Aspect,
    Baseline,
    Change,
    Difference,
    Moved,
    Uncompared,
)
from pytest_portaswitch.difference.snapshot import Snapshot, SnapshotCheck, SnapshotRun
from pytest_portaswitch.difference.standing import BINDING, STANDINGS, Standing, Word, standing

__all__ = [
    "BINDING",
    "STANDINGS",
    "Aspect",
    "Baseline",
    "Change",
    "Difference",
    "Moved",
    "Snapshot",
    "SnapshotCheck",
    "SnapshotRun",
    "Standing",
    "Uncompared",
    "Word",
    "baseline_of",
    "compare",
    "standing",
]
