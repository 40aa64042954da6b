"""Under xdist a cluster is one group: the worker that gets it observes it once."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from pytest_portaswitch.runner.recorder import Recorder

SCHEDULED: Container[str] = ("load", "loadgroup")
"""The modes of ``--dist`` that may be replaced; ``-n`` alone means ``load``."""


class ClusterScheduling(LoadScopeScheduling):
    """Sends all checks of a cluster to one worker, and any other test wherever there is room."""

    clusters: dict[str, str]
    """The parameter id of each check to its cluster."""

    def _split_scope(self, nodeid: str) -> str:
        label = nodeid.partition("[")[2].rpartition("]")[0]
        cluster = self.clusters.get(label)
        return f"cluster {cluster}" if cluster is not None else nodeid


class Distribution:
    """The hooks of xdist that the plugin implements, registered only where xdist is."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Group by cluster unless the user asked for another way."""
        if config.getvalue("dist") not in SCHEDULED:
            return None
        scheduler = ClusterScheduling(config, log)
        scheduler.clusters = {
            label: ref.cluster for label, ref in self.recorder.audits.labels().items()
        }
        return scheduler

    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Every worker collects the same; the first one told suffices, the rest change nothing."""
        self.recorder.take_node_ids(ids)
