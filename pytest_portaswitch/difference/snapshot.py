"""What of the evidence of an audit is compared. The names are those of ``evidence.json``."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pytest_portaswitch.difference.standing import Word
from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.plan.check import Expectation, Kind


class SnapshotRun(msgspec.Struct, frozen=True, kw_only=True):
    """When an audit was made, and by which version."""

    started: str
    """ISO 8601 with time zone."""
    tables: str
    versions: dict[str, str]


class SnapshotCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check, what became of it, and what it was about."""

    id: str
    kind: Kind
    title: str
    verdict: VerdictWord
    message: str
    warnings: tuple[str, ...]
    expects: Expectation


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One audit, as far as it is compared with another."""

    cluster: str
    release: str
    run: SnapshotRun
    hosts: dict[str, Observation]
    checks: tuple[SnapshotCheck, ...]
    deselected: tuple[str, ...]
    """Ids of planned checks that the run was asked to leave out."""

    def words(self) -> Mapping[str, Word]:
        """What became of each planned check, by id."""
        left_out: dict[str, Word] = dict.fromkeys(self.deselected, "left-out")
        return left_out | {check.id: check.verdict for check in self.checks}
