"""A file with very many patterns is refused in bounded time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pytest_portaswitch.source import Problem, open_file, pattern_time
from pytest_portaswitch.source.scalar import listing, regex


def test_patterns_of_a_file_beyond_its_time_are_refused_untried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these needs a process of its own; so would thousands."""
    monkeypatch.setattr(pattern_time, "SECONDS", 0.1)
    path = tmp_path / "patterns.yaml"
    path.write_text("".join(f"- '([a-z]+[.])+ {number}'\n" for number in range(400)))
    began = time.monotonic()
    for _ in range(2):  # read again, it has its time again
        problems: list[Problem] = []
        value = open_file(path, problems)
        assert value is not None
        found = listing(regex, "patterns")(value)
        assert found
        assert 0 < len(problems) < 400
        assert {(one.rule, one.fix) for one in problems} == {(
            "is not tried: the patterns of this file take more than 0.1 s",
            "write fewer, and without repeats inside repeats",
        )}  # fmt: skip
    assert time.monotonic() - began < 20


def test_time_of_one_file_is_not_another_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern_time, "SECONDS", 0.0)
    with pattern_time.counted("one"):
        sum(range(100_000))
    assert pattern_time.is_spent("one")
    monkeypatch.setattr(pattern_time, "SECONDS", 0.001)
    assert not pattern_time.is_spent("another")
