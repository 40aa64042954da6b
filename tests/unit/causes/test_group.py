"""What fails for one reason stands under one cause."""

from __future__ import annotations

from pytest_portaswitch.causes import group
from pytest_portaswitch.judge import Verdict


def verdict(word: str, cause: str = "", reproduce: str = "") -> Verdict:
    """A verdict with what grouping reads of it."""
    return Verdict(
        verdict=word,  # type: ignore[arg-type]
        expected="e",
        observed="o",
        cause=cause,
        reproduce=reproduce,
    )


def test_each_check_that_does_not_pass_belongs_to_exactly_one_cause() -> None:
    """Those that explain most come first, and say what they explain."""
    causes = group(
        {
            "b": verdict("fail", "db1 is down", "ssh db1 true"),
            "a": verdict("unknown", "db1 is down"),
            "c": verdict("pass"),
            "d": verdict("waived", "a known thing"),
        }
    )
    assert [(cause.title, cause.checks, cause.impact, cause.next) for cause in causes] == [
        ("db1 is down", ("a", "b"), "1 check failed, 1 check unknown", "ssh db1 true"),
        ("a known thing", ("d",), "1 check waived", ""),
    ]


def test_the_gravest_come_first() -> None:
    """A failure before what nobody could see, that before what cannot be told, waivers last."""
    untold = Verdict(
        verdict="unknown", why_unknown="not-assessable", expected="e", observed="o", cause="udp"
    )
    unseen = Verdict(
        verdict="unknown", why_unknown="not-observed", expected="e", observed="o", cause="down"
    )
    causes = group(
        {
            "a": verdict("waived", "excused"),
            "b": untold,
            "c": untold,
            "d": unseen,
            "e": verdict("fail", "broken"),
        }
    )
    assert [(cause.title, cause.severity) for cause in causes] == [
        ("broken", "failed"),
        ("down", "not-observed"),
        ("udp", "not-assessable"),
        ("excused", "waived"),
    ]


def test_the_id_of_a_cause_is_stable() -> None:
    """Whatever else fails beside it."""
    (alone,) = group({"a": verdict("fail", "db1 is down")})
    both = group({"a": verdict("fail", "db1 is down"), "b": verdict("fail", "x")})
    assert alone.id in {cause.id for cause in both}
    assert alone.id.startswith("cause-")


def test_a_healthy_cluster_has_no_cause() -> None:
    """And an empty one neither."""
    assert group({"a": verdict("pass")}) == ()
    assert group({}) == ()
