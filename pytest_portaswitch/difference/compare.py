"""Compare two audits of one cluster. Pure, and the same whatever the order of what was seen."""

from __future__ import annotations

from pytest_portaswitch.difference.model import Baseline, Difference, Moved
from pytest_portaswitch.difference.seen import changes, uncompared
from pytest_portaswitch.difference.snapshot import Snapshot, SnapshotCheck
from pytest_portaswitch.difference.standing import STANDINGS, Word, standing


def baseline_of(before: Snapshot, sha256: str) -> Baseline:
    """Which audit it was."""
    return Baseline(
        started=before.run.started,
        release=before.release,
        version=before.run.versions.get("pytest-portaswitch", ""),
        sha256=sha256,
    )


def compare(before: Snapshot, now: Snapshot, sha256: str) -> Difference:
    """What is different now. ``sha256``: of the file that ``before`` was read from."""
    words_before, words_now = before.words(), now.words()
    checks_before = {check.id: check for check in before.checks}
    checks_now = {check.id: check for check in now.checks}
    moved: list[Moved] = []
    unchanged = 0
    for one in sorted({*words_before, *words_now}):
        was, is_now = words_before.get(one, "absent"), words_now.get(one, "absent")
        stands = standing(was, is_now)
        if stands == "unchanged":
            unchanged += 1
            continue
        check = checks_now.get(one) or checks_before.get(one)
        moved.append(
            Moved(
                id=one,
                standing=stands,
                before=was,
                now=is_now,
                title=check.title if check else "",
                message=_message(check, is_now),
            )
        )
    return Difference(
        baseline=baseline_of(before, sha256),
        checks=tuple(sorted(moved, key=lambda m: (STANDINGS.index(m.standing), m.id))),
        unchanged=unchanged,
        changes=tuple(changes(before, now)),
        uncompared=tuple(uncompared(before, now)),
    )


def _message(check: SnapshotCheck | None, now: Word) -> str:
    return check.message if check and now != "pass" else ""
