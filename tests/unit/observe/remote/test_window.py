"""How many probes are under way at a time."""

from __future__ import annotations

import pytest

from pytest_portaswitch.observe.remote.program import flight
from pytest_portaswitch.observe.remote.program.flight import Flight, Window


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still unless it is told to go on."""
    time = [100.0]
    monkeypatch.setattr(flight, "now", lambda: time[0])
    return time


def test_quick_replies_widen_it_up_to_its_bound(clock: list[float]) -> None:
    """One more for each quick reply."""
    window = Window(2, 4)
    sizes = []
    for _ in range(4):
        window.learn(0.01)
        sizes.append(window.size)
    assert sizes == [3, 4, 4, 4]


def test_slow_replies_halve_it_once_a_while(clock: list[float]) -> None:
    """Replies that are slow together tell the same thing once; one probe always goes."""
    window = Window(8)
    window.learn(0.7)
    window.learn(0.7)
    assert window.size == 4
    for _ in range(4):
        clock[0] += 1
        window.learn(0.7)
    assert window.size == 1


def test_in_between_nothing_changes(clock: list[float]) -> None:
    """Neither quick nor slow."""
    window = Window(8)
    window.learn(0.3)
    assert window.size == 8


def test_no_more_than_the_window_are_under_way() -> None:
    """Later ones start when earlier ones end, and all have their turn."""
    under_way, most = 0, 0

    def steps():  # type: ignore[no-untyped-def]
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        yield 0, 0, flight.now() + 0.01
        under_way -= 1

    flights = [Flight(str(number), "kind", steps(), {}) for number in range(4)]
    # All wait for the same descriptor in name only: one at a time may.
    flight.run(flights, {"kind": Window(1, 1)}, flight.now() + 5)
    assert (under_way, most) == (0, 1)
