"""What was seen of a datagram's way decides between the path and the service."""

from __future__ import annotations

import fnmatch

from pytest_portaswitch.causes import Cause, explain
from pytest_portaswitch.judge import Verdict, judge
from pytest_portaswitch.judge.fault import fault

from .mischief import PLAN, facts


def causes(code: str, pattern: str, *mischief: str) -> dict[str, Cause]:
    """The failed causes where the checks of a pattern fail with a code."""
    seen = facts(mischief)
    verdicts = {check.id: judge(check, seen) for check in PLAN.checks}
    for check_id in fnmatch.filter(verdicts, pattern):
        _, place, source, service, _ = check_id.split(":")
        path = code == "lost-on-the-way"
        subject = (source, place) if path else (place, service)
        verdicts[check_id] = Verdict(
            verdict="fail",
            grade="silent" if path else "delivered",
            expected="e",
            observed="o",
            cause="c",
            fault=fault(code, *subject),
        )
    found = explain(PLAN.checks, verdicts, seen)
    return {cause.id: cause for cause in found if cause.severity == "failed"}


def test_what_does_not_arrive_from_one_host_is_blocked() -> None:
    """And not by the destination's firewall, behind which it would have been seen."""
    found = causes("lost-on-the-way", "reachability:bill1:sip1:radius:udp-1812")
    (cause,) = found.values()
    assert cause.id == "blocked:sip1:bill1:udp-1812"
    assert cause.title == "packets from sip1 to bill1 are dropped: udp/1812"
    assert cause.seen[-1] == ("a firewall of sip1, or something between: nothing arrives at bill1")


def test_what_arrives_and_one_host_is_not_answered_is_about_that_host() -> None:
    """Others are answered, so the service serves."""
    (cause,) = causes("ignored", "reachability:bill1:sip1:radius:udp-1812").values()
    assert cause.id == "not-answered:sip1:bill1:udp-1812"
    assert cause.seen[-1] == "either the firewall of bill1 itself, or the service does it"


def test_what_arrives_and_nobody_is_answered_is_about_the_service() -> None:
    """Its own firewall, or the process."""
    (cause,) = causes("ignored", "reachability:bill1:*:radius:udp-1812").values()
    assert cause.id == "ignored:bill1:radius"
    assert cause.title == (
        "udp/1812 of bill1 arrives and is not answered: its own firewall drops it, radius "
        "ignores it, or its replies are lost on the way back"
    )


def test_what_does_not_arrive_is_not_explained_by_a_service_that_is_down() -> None:
    """A dead process drops nothing on the way: both are named."""
    pattern = "reachability:bill1:sip1:radius:udp-1812"
    assert set(causes("lost-on-the-way", pattern, "kill bill1 radiusd")) == {
        "blocked:sip1:bill1:udp-1812",
        "not-running:bill1:radius",
    }


def test_one_direction_is_one_cause_over_tcp_and_udp() -> None:
    """A datagram ends otherwise than a connection; the firewall is the same."""
    pattern = "reachability:proc1:sip1:*:udp-*"
    (cause,) = causes("ignored", pattern, "drop sip1 proc1 t*:*").values()
    assert cause.id == "blocked:sip1:proc1"
    assert cause.title == "packets from sip1 to proc1 are dropped: all that wants an answer"
    assert cause.seen[-1] == (
        "either the firewall of proc1 itself, or whatever loses its answers: datagrams are seen "
        "arriving"
    )


def test_what_is_lost_on_the_way_while_other_datagrams_arrive_is_not_everything() -> None:
    """The ports of the range arrive, so that the others are named."""
    pattern = "reachability:proc1:sip1:*:udp-*"
    (cause,) = causes("lost-on-the-way", pattern, "drop sip1 proc1 t*:*").values()
    assert cause.kind == "blocked"
    assert cause.title.startswith("packets from sip1 to proc1 are dropped: tcp/143, tcp/2775, ")


def test_hosts_that_only_do_not_answer_each_other_are_one_cause() -> None:
    """What each sends to the other arrives."""
    pattern = "reachability:sip[12]:sip[12]:limit-controller:udp-5070"
    seen = causes("ignored", pattern, "drop sip1,sip2 sip1,sip2 t*:*")
    assert list(seen) == ["blocked:sip1:sip2:both-ways"]
    assert seen["blocked:sip1:sip2:both-ways"].seen[-1] == (
        "either the firewall of sip1 itself, or that of sip2 itself: datagrams are seen arriving"
    )


def test_what_several_send_to_several_and_nobody_answers_is_said_in_the_plural() -> None:
    """They take, and they do not answer."""
    pattern = "reachability:proc[12]:sip[12]:registrar:udp-5065"
    (cause,) = causes("ignored", pattern).values()
    assert cause.title == (
        "all their peers take what sip1 and sip2 send and do not answer, as they do others: "
        "udp/5065"
    )


def test_what_one_host_sends_to_all_is_said_in_the_plural() -> None:
    """All its peers take it, and one host sends it."""
    pattern = "reachability:proc[12]:sbc1:registrar:udp-5065"
    (cause,) = causes("ignored", pattern).values()
    assert cause.title == (
        "all its peers take what sbc1 sends and do not answer, as they do others: udp/5065"
    )


_MAY_BE_SILENT = (
    "{} of bill1 arrives and is not answered: radius may not know these clients, or has another "
    "secret, or the host's own firewall drops it, or the replies are lost"
)


def test_what_may_be_silent_to_all_may_be_stopped_by_the_hosts_own_firewall_as_well() -> None:
    """It was seen at an interface, which a firewall stands behind."""
    (cause,) = causes("may-be-silent", "reachability:bill1:*:radius:*").values()
    assert cause.id == "may-be-silent:bill1:radius"
    assert cause.title == _MAY_BE_SILENT.format("udp/1812, udp/1813")


def test_who_is_answered_where_some_are_not_is_said() -> None:
    """A firewall is for some, a secret as well: one looks at these."""
    (cause,) = causes("may-be-silent", "reachability:bill1:s[ib][pc]1:radius:*").values()
    assert cause.title == (
        _MAY_BE_SILENT.format("udp/1812, udp/1813") + "; all but sbc1 and sip1 are answered"
    )


def test_another_port_that_answers_the_same_clients_speaks_against_the_secret() -> None:
    """They share it."""
    (cause,) = causes("may-be-silent", "reachability:bill1:*:radius:udp-1812").values()
    assert cause.title == (
        _MAY_BE_SILENT.format("udp/1812") + "; udp/1813 answers the same clients with the same "
        "secret, which speaks against the first two"
    )


def test_silence_that_is_allowed_belongs_to_hosts_between_which_nothing_else_comes_through() -> (
    None
):
    """The service answers others."""
    (cause,) = causes(
        "may-be-silent", "reachability:proc1:sip1:*:udp-*", "drop sip1 proc1 t*:*"
    ).values()
    assert cause.id == "blocked:sip1:proc1"


def test_silence_that_is_allowed_and_meets_all_is_not_of_the_path() -> None:
    """Then both are named."""
    found = causes("may-be-silent", "reachability:proc1:*:registrar:udp-*", "drop sip1 proc1 t*:*")
    assert "may-be-silent:proc1:registrar" in found
    assert len(found) == 2
