"""Releases compare by their numbers."""

from __future__ import annotations

import pytest

from pytest_portaswitch.tables.release import holds, overlap


@pytest.mark.parametrize(
    ("since", "until", "release", "expected"),
    [
        ("", "", "MR96", True),
        ("", "", "", True),
        ("MR100", "", "MR96", False),
        ("MR100", "", "MR100", True),
        ("MR100", "", "MR100.1", True),
        ("MR100.2", "", "MR100.1", False),
        ("", "MR100", "MR100.7", True),
        ("", "MR100", "MR101", False),
        ("", "MR100.1", "MR100", True),
        ("", "MR100.1", "MR100.2", False),
        ("", "MR100", "", False),
        ("MR100", "", "", True),
    ],
)
def test_holds(since: str, until: str, release: str, expected: bool) -> None:
    """A maintenance release belongs to its release."""
    assert holds(since, until, release) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("", ""), ("", ""), True),
        (("", "MR100"), ("MR101", ""), False),
        (("", "MR100"), ("MR100", ""), True),
        (("", "MR100"), ("MR100.1", ""), True),
        (("MR90", "MR95"), ("MR96", "MR99"), False),
        (("MR90", "MR97"), ("MR96", "MR99"), True),
    ],
)
def test_overlap(one: tuple[str, str], other: tuple[str, str], expected: bool) -> None:
    """Spans that share a release do so whichever is named first."""
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected
