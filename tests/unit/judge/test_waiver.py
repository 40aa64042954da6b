"""Waivers excuse failures until the end of a day, UTC, and nothing else."""

from __future__ import annotations

import datetime

import pytest

from pytest_portaswitch.cluster import Waiver
from pytest_portaswitch.judge import Verdict
from pytest_portaswitch.judge.waiver import excuse

UTC = datetime.timezone.utc
FAILED = Verdict(verdict="fail", expected="this", observed="that", cause="db1 is down")
WAIVER = Waiver(
    check="listener:db1:*",
    reason="being moved",
    owner="noc@acme",
    until=datetime.date(2027, 1, 31),
)


def at(text: str) -> datetime.datetime:
    """A moment, in UTC unless it says otherwise."""
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "verdict"),
    [
        ("2027-01-30T12:00", "waived"),
        ("2027-01-31T00:00", "waived"),
        ("2027-01-31T23:59:59", "waived"),
        ("2027-02-01T00:00", "fail"),
        # The same instants elsewhere: the day is UTC's.
        ("2027-02-01T01:30+02:00", "waived"),
        ("2027-01-31T20:00-05:00", "fail"),
    ],
)
def test_a_waiver_holds_until_the_end_of_its_day_in_utc(moment: str, verdict: str) -> None:
    """On the day itself it holds, on the day after it does not."""
    assert excuse("listener:db1:x:tcp-3306", FAILED, [WAIVER], at(moment)).verdict == verdict


def test_who_why_and_until_when_stand_in_the_message() -> None:
    """In every output, since all are made from it."""
    verdict = excuse("listener:db1:x:tcp-3306", FAILED, [WAIVER], at("2027-01-01T00:00"))
    assert verdict.message == (
        "expected this / observed that / cause db1 is down "
        "[waived until 2027-01-31 (UTC) by noc@acme: being moved]"
    )


def test_an_expired_waiver_fails_and_says_so() -> None:
    """So that nobody wonders why it is red again."""
    verdict = excuse("listener:db1:x:tcp-3306", FAILED, [WAIVER], at("2027-02-01T00:00"))
    assert verdict.cause == (
        "db1 is down [the waiver expired on 2027-01-31 (UTC), by noc@acme: being moved]"
    )


def test_of_an_expired_and_a_valid_waiver_the_valid_one_counts() -> None:
    """Somebody renewed it and left the old line."""
    old = Waiver(check="*", reason="old", owner="a", until=datetime.date(2020, 1, 1))
    verdict = excuse("listener:db1:x", FAILED, [old, WAIVER], at("2027-01-01T00:00"))
    assert verdict.verdict == "waived"


def test_another_check_is_not_excused() -> None:
    """The pattern is matched against the whole id."""
    assert excuse("listener:db10:x", FAILED, [WAIVER], at("2027-01-01T00:00")) == FAILED


@pytest.mark.parametrize("word", ["pass", "unknown"])
def test_only_failures_are_excused(word: str) -> None:
    """What could not be seen stays unknown."""
    verdict = Verdict(verdict=word, expected="this", observed="that")  # type: ignore[arg-type]
    assert excuse("listener:db1:x", verdict, [WAIVER], at("2027-01-01T00:00")) == verdict
