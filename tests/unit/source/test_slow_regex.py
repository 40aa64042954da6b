"""Patterns that take for ever are found while a file is loaded, and no others are refused."""

from __future__ import annotations

import subprocess

import pytest

from pytest_portaswitch.source import slow_regex
from pytest_portaswitch.source.slow_regex import LONGEST, can_be_slow, slow_text
from pytest_portaswitch.tables.pattern import of_program

SLOW = (
    r"(a+)+$",
    r"(a|a)*$",
    r"(a|ab|b)*c",
    r"(\w+\s?)*x$",
    r"(.*,){11}P",
    r"foo(x+x+)+y",
    r"(a?){30}a{30}",
    r"(?i)([a-z]+)*=",
    r"(?=(a+)+$)b",
    r"(?:b|c(a*)*d)$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(a*?)*?x$",
    r"^(\S*/)*name$",
    r"(a)?(?(1)(b+)+c|d)",
)
SOUND = (
    r"registrar\.py",
    r"java.*Cassandra.*Daemon",
    r"([a-z]+\.)+com$",
    r"^(?:[^/ ]*/)*taskstack",
    r"(-\S+\s)*x",
    r"(a+)+",
    r"(a{1,3}){2}b",
    r"(a|b|c)+d",
    of_program("httpd|apache2?"),
)


@pytest.mark.parametrize("pattern", SLOW)
def test_slow_pattern_is_found_with_a_short_text(pattern: str) -> None:
    assert can_be_slow(pattern)
    text = slow_text(pattern)
    assert 0 < len(text) <= LONGEST


@pytest.mark.parametrize("pattern", SOUND)
def test_pattern_that_comes_to_an_end_is_left_alone(pattern: str) -> None:
    assert slow_text(pattern) == ""


def test_pattern_that_is_nested_very_deeply_is_left_to_whoever_searches() -> None:
    pattern = "(" * 90 + "a+" + ")+" * 90
    slow_regex.slow_text.cache_clear()
    assert isinstance(slow_text(pattern), str)


def test_where_no_process_can_be_started_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    slow_regex.slow_text.cache_clear()
    monkeypatch.setattr(subprocess, "run", refuse)
    assert slow_text("(a+)+$") == ""
    slow_regex.slow_text.cache_clear()
