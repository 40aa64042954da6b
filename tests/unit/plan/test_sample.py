"""The sampled ports of a range."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.plan.sample import sample


@given(
    low=st.integers(1024, 60000),
    length=st.integers(1, 5535),
    count=st.integers(4, 100),
    seed=st.text(max_size=5),
)
def test_it_has_both_ends_and_no_hole(low: int, length: int, count: int, seed: str) -> None:
    """No two neighbours are further apart than two parts."""
    high = low + length - 1
    found = sample(low, high, count, seed)
    assert found[0] == low
    assert found[-1] == high
    assert len(found) == min(count, length)
    assert list(found) == sorted(set(found))
    widest = max((b - a for a, b in itertools.pairwise(found)), default=0)
    assert widest <= 2 * (length / max(1, count - 2)) + 1


def test_the_seed_decides() -> None:
    """The same everywhere, and another for another pair of hosts."""
    assert sample(35000, 64999, 24, "a") == sample(35000, 64999, 24, "a")
    assert sample(35000, 64999, 24, "a") != sample(35000, 64999, 24, "b")


def test_a_slice_of_5000_cannot_be_missed() -> None:
    """Wherever it lies."""
    found = sample(35000, 64999, 24, "any")
    for start in range(35000, 60001, 50):
        assert sum(start <= port < start + 5000 for port in found) >= 2
