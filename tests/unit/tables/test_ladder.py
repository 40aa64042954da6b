"""The evidence ladder is data, and its order is what the design says."""

from __future__ import annotations

import pytest

from pytest_portaswitch import tables
from pytest_portaswitch.tables.ladder import LADDER, reaches


def test_the_order_of_the_ladder() -> None:
    """From nothing proved to most."""
    assert LADDER == (
        "unreachable",
        "refused",
        "silent",
        "delivered",
        "connected",
        "answered",
        "in-use",
    )


@pytest.mark.parametrize("least", LADDER)
def test_a_grade_reaches_itself_and_what_is_below(least: str) -> None:
    """And nothing above."""
    at = LADDER.index(least)  # type: ignore[arg-type]
    assert [reaches(grade, least) for grade in LADDER] == [i >= at for i in range(len(LADDER))]


def test_every_row_names_a_grade_of_the_ladder() -> None:
    """And none that would pass what did not arrive."""
    for row in tables.load("MR119").rows:
        assert reaches(row.least_grade, "delivered"), row.id  # type: ignore[arg-type]
