"""Searches by foreign patterns end, decide as ``re`` does, and never guess."""

from __future__ import annotations

import pickle
import re
import time
import warnings
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_portaswitch.source import bounded_regex
from pytest_portaswitch.source.bounded_regex import (
    TooSlow,
    Undecided,
    found,
    is_empty_found,
    refusal,
)
from pytest_portaswitch.tables.pattern import of_program

HOSTILE = yaml.safe_load((Path(__file__).parent / "hostile_patterns.yaml").read_text())
GENEROUS = 20
"""Seconds that no single case comes near, also on a loaded machine."""


@pytest.fixture(autouse=True)
def _nothing_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_regex, "_lost", bounded_regex._Lost())


@pytest.mark.parametrize("case", HOSTILE["slow"], ids=lambda case: case["pattern"][:40])
def test_pattern_that_backtracks_for_ever_is_undecided(case: dict[str, str]) -> None:
    """It compiles, so nobody sees it coming, and it is neither found nor missing."""
    pattern, text = case["pattern"], case["unit"] * int(case["times"]) + case["end"]
    assert refusal(pattern) == ""
    began = time.monotonic()
    with pytest.raises(Undecided) as error:
        found(pattern, text)
    assert time.monotonic() - began < GENEROUS
    assert str(error.value) == f"the pattern {pattern!a} takes more than 0.5 s to match"
    assert error.value.pattern == pattern


@pytest.mark.parametrize("case", HOSTILE["refused"], ids=lambda case: case["rule"][:40])
def test_pattern_that_would_fill_the_memory_is_refused(case: dict[str, str]) -> None:
    """Before any engine unrolls it, with the reason."""
    pattern = case["pattern"] * int(case.get("times", 1))
    assert refusal(pattern).startswith(case["rule"])
    with pytest.raises(Undecided):
        found(pattern, "a" * 4000)


@pytest.mark.parametrize("case", HOSTILE["decided"], ids=lambda case: case["pattern"][:40])
def test_pattern_that_looks_bad_and_is_not_is_decided(case: dict[str, str]) -> None:
    """No false alarm on what ends."""
    pattern = case["pattern"] * int(case.get("repeated", 1))
    text = case["unit"] * int(case["times"]) + case["end"]
    assert found(pattern, text) is (case["found"] == "yes")


@pytest.mark.parametrize("program", ["mysqld|mariadbd", "billing[-_]?engine", "x.*y"])
@pytest.mark.parametrize(
    "text", ["/" * 65536, "python3 " + "-x " * 20000, "python3 -" + "m" * 65536, " -" * 30000]
)
def test_pattern_of_a_program_is_decided_on_any_command_line(program: str, text: str) -> None:
    """What the tables write has no command line that it could hang on."""
    assert not found(of_program(program), text)


def test_many_slow_searches_take_bounded_time() -> None:
    """A host that has ten thousand such processes; another host's are still decided."""
    pattern = "(a+)+$"
    began = time.monotonic()
    for number in range(200):
        with pytest.raises(Undecided):
            found(pattern, "a" * (4000 + number) + "!")
    assert time.monotonic() - began < GENEROUS
    assert found(pattern, "an honest a")
    assert not found(pattern, "an honest process")


def test_many_slow_patterns_take_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As evidence may hold of them; who has lost nothing yet is still tried."""
    monkeypatch.setattr(bounded_regex, "_MOST_LOST", 1.0)
    began = time.monotonic()
    for number in range(200):
        with pytest.raises(Undecided):
            found(f"(a+)+$|{number}", "a" * 4000 + "!")
    assert time.monotonic() - began < GENEROUS
    with pytest.raises(Undecided):
        found("(a+)+$|1", "an honest process")
    assert found("(b+)+$", "bb")


class Slow:
    """Finds something, after some time."""

    def search(self, text: str, *, timeout: float) -> re.Match[str] | None:
        until = time.process_time() + 0.02
        while time.process_time() < until:
            if timeout < 0.02:
                raise TimeoutError
        return re.search("x", text)


def test_slow_searches_that_find_something_take_bounded_time_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded_regex, "_MOST_LOST_BY_ONE", 0.1)
    lost = bounded_regex._Lost()
    while lost.by_pattern.get("pattern", 0.0) <= 0.1:
        assert lost.search("pattern", Slow(), "x")
    with pytest.raises(TooSlow):
        lost.search("pattern", Slow(), "x")
    assert lost.search("another", Slow(), "x")


def test_undecided_travels_between_processes() -> None:
    """From a worker to the controller."""
    error = pickle.loads(pickle.dumps(Undecided("(", "is none")))  # noqa: S301 - our own
    assert (error.pattern, error.why, str(error)) == ("(", "is none", "the pattern '(' is none")


PIECES = st.sampled_from([
    "a", "b", "{", "}", "{e}", "{a<=1}", "{2}", "{1,2}", "{,2}", "{2,}", "{,}", "{}", r"\{",
    "[{e}]", "[^a]", "[]a]", "[^]a]", r"[\]{1}]", "*", "+", "?", "|", "(", "(?:", "(?=", "(?!", ")",
    "(?i)", r"\b", r"\w", r"\S", r"\.", "^", "$", ".", r"\Z", r"(?P<x>", r"(?P=x)", r"\1", "-",
])  # fmt: skip


@pytest.mark.slow
@given(st.lists(PIECES, max_size=12).map("".join), st.text("ab{}e1, -/<=\n", max_size=12))
@settings(max_examples=400, deadline=None)
def test_decides_as_re_does(pattern: str, text: str) -> None:
    """Two engines, one meaning; ``re`` is what cluster files are written for."""
    assume(not refusal(pattern))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = re.compile(pattern)
    assert found(pattern, text) is (compiled.search(text) is not None)
    assert is_empty_found(pattern) is (compiled.search("") is not None)
