"""Releases such as ``MR119`` or ``MR119.1``, and whether a row holds for one."""

from __future__ import annotations

import re

from pytest_portaswitch.source.scalar import matching

PATTERN = r"MR[1-9][0-9]{0,3}(\.[0-9]{1,4}){0,3}"
read = matching(PATTERN, "must be a release such as MR119 or MR119.1")


def numbers(release: str) -> tuple[int, ...]:
    """The release's numbers, which compare as releases do: MR96, MR119, MR119.1, MR120."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", release))


def holds(since: str, until: str, release: str) -> bool:
    """Whether a span of releases, both ends included, has the release in it.

    ``until: MR119`` includes MR119.1, a maintenance release of it. No release named means the
    newest: spans that have ended do not hold.
    """
    if not release:
        return not until
    wanted = numbers(release)
    begun = not since or numbers(since) <= wanted
    last = numbers(until)
    return begun and (not until or wanted[: len(last)] <= last)


def overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two spans of (since, until) have a release in common."""

    def begins_within(a: tuple[str, str], b: tuple[str, str]) -> bool:
        return not a[0] or not b[1] or numbers(a[0])[: len(numbers(b[1]))] <= numbers(b[1])

    return begins_within(one, other) and begins_within(other, one)
