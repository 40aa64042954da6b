"""An earlier audit's evidence, and what is different since."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from pytest_portaswitch.difference import (
    Difference,
    Snapshot,
    SnapshotCheck,
    SnapshotRun,
    compare,
)
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.report.evidence import Evidence, with_internal_errors
from pytest_portaswitch.report.files import EVIDENCE
from pytest_portaswitch.report.reading import content_of, decode_as
from pytest_portaswitch.source.problem import BadInput, Problem


class Before(msgspec.Struct, frozen=True):
    """An audit that others are compared with."""

    path: Path
    """The file that it was read from."""
    sha256: str
    """Of that file."""
    snapshot: Snapshot


def read_before(path: Path) -> Before:
    """Read a baseline: a file of evidence, or the folder of a pack. Raises ``BadInput``."""
    pack = path.is_dir()
    path = path / EVIDENCE if pack else path
    content = content_of(path, follow=not pack)
    snapshot = decode_as(content, path, Snapshot)
    try:
        # Whatever somebody wrote there must be told now, not once an audit is over.
        compare(snapshot, snapshot, "")
    except Exception as error:
        raise BadInput(
            [Problem(str(path), 0, "", "", f"holds what no audit writes: {error}")]
        ) from error
    return Before(path, hashlib.sha256(content).hexdigest(), snapshot)


def difference(before: Before, evidence: Evidence) -> Difference:
    """What the evidence says that the baseline did not, and the other way round."""
    return compare(before.snapshot, snapshot_of(evidence), before.sha256)


def with_baseline(evidence: Evidence, before: Before | None) -> Evidence:
    """The evidence with what is different since the baseline, where there is one.

    It never raises: an audit that could not be compared says so.
    """
    if before is None:
        return evidence
    found = attempt("comparison", evidence.cluster, difference, before, evidence)
    if isinstance(found, InternalError):
        return with_internal_errors(evidence, [found])
    return msgspec.structs.replace(evidence, since=found)


def snapshot_of(evidence: Evidence) -> Snapshot:
    """Of evidence in memory, what is compared."""
    return Snapshot(
        cluster=evidence.cluster,
        release=evidence.release,
        run=SnapshotRun(
            started=evidence.run.started,
            tables=evidence.run.tables,
            versions=evidence.run.versions,
        ),
        hosts=evidence.hosts,
        checks=tuple(
            SnapshotCheck(
                id=check.id,
                kind=check.kind,
                title=check.title,
                verdict=check.verdict,
                message=check.message,
                warnings=check.warnings,
                expects=check.expects,
            )
            for check in evidence.checks
        ),
        deselected=evidence.deselected,
    )
