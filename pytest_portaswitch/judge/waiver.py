"""Waivers: failures that the site excuses for a while."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Sequence

import msgspec

from pytest_portaswitch.cluster.model import Waiver
from pytest_portaswitch.judge.verdict import Verdict


def excuse(
    check_id: str, verdict: Verdict, waivers: Sequence[Waiver], moment: datetime.datetime
) -> Verdict:
    """The verdict with the site's waivers applied, as of a moment (with a time zone).

    A waiver holds until the end of its last day, UTC. It excuses failures only: what could not
    be seen is not excused, it is unknown.
    """
    if verdict.verdict != "fail":
        return verdict
    today = moment.astimezone(datetime.timezone.utc).date()
    waiver = applying(check_id, waivers)
    if waiver is None:
        return verdict
    if waiver.until < today:
        note = f"[the waiver expired on {waiver.until} (UTC), by {waiver.owner}: {waiver.reason}]"
        return msgspec.structs.replace(verdict, cause=f"{verdict.cause} {note}")
    note = f"[waived until {waiver.until} (UTC) by {waiver.owner}: {waiver.reason}]"
    return msgspec.structs.replace(verdict, verdict="waived", cause=f"{verdict.cause} {note}")


def applying(check_id: str, waivers: Sequence[Waiver]) -> Waiver | None:
    """The waiver that speaks for a check, if there is one.

    Somebody may have renewed a waiver and left the old line: the longest counts.
    """
    matching = (waiver for waiver in waivers if fnmatch.fnmatchcase(check_id, waiver.check))
    return max(matching, key=lambda waiver: waiver.until, default=None)
