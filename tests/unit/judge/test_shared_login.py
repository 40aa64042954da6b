"""Which hosts fail by one mistake of the auditor's, and which by troubles of their own."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts import HostFacts, Observation, Unobserved
from pytest_portaswitch.judge.shared_login import shared_failures

FINE = HostFacts(host="h", method="python", privileged=True, took=0.0)
ROOTLESS = HostFacts(host="h", method="python", privileged=False, took=0.0)


def fails(why: Any) -> Observation:
    return Unobserved(host="h", why=why, detail="so it is")


def found(
    seen: dict[str, Observation], **logins: dict[str, Any]
) -> list[tuple[str, tuple[str, ...]]]:
    """Reasons and hosts; ``logins`` of hosts that have settings of their own."""
    every = {
        host: Login(address=host, **({"user": "audit", "sudo": True} | logins.get(host, {})))
        for host in seen
    }
    return [(one.why, one.hosts) for one in shared_failures(seen, every)]


@pytest.mark.parametrize("why", ["connection-timeout", "connection-refused", "no-route"])
def test_hosts_that_are_down_while_one_was_logged_in_to_share_nothing(why: str) -> None:
    seen = {"a": fails(why), "b": fails(why), "c": fails(why), "d": FINE}
    assert found(seen) == []
    assert found({**seen, "d": fails("authentication-failed")}) == []


def test_no_host_answers_is_shared_also_where_one_refuses() -> None:
    seen = {"a": fails("connection-timeout"), "b": fails("connection-timeout")}
    seen["c"] = fails("connection-refused")
    assert found(seen) == [("connection-timeout", ("a", "b"))]


@pytest.mark.parametrize("why", ["authentication-failed", "key-unusable", "host-key-unknown"])
def test_half_of_the_hosts_share_no_mistake_and_most_do(why: str) -> None:
    half: dict[str, Observation] = {"a": fails(why), "b": fails(why), "c": FINE, "d": FINE}
    assert found(half) == []
    assert found({**half, "c": fails(why)}) == [(why, ("a", "b", "c"))]


def test_host_that_came_less_far_says_nothing_of_the_user() -> None:
    seen = {"a": fails("authentication-failed"), "b": fails("authentication-failed")}
    more = {name: fails("connection-timeout") for name in "cde"}
    assert found({**seen, **more})[-1] == ("authentication-failed", ("a", "b"))


def test_hosts_with_another_user_do_not_speak_against_it() -> None:
    why = "authentication-failed"
    seen: dict[str, Observation] = {"a": fails(why), "b": fails(why), "c": FINE, "d": FINE}
    other = {"user": "other"}
    assert found(seen, c=other, d=other) == [(why, ("a", "b"))]
    assert found({**seen, "c": fails(why), "d": fails(why)}, c=other, d=other) == [
        (why, ("a", "b")),
        (why, ("c", "d")),
    ]


def test_each_dead_jump_host_is_one_reason() -> None:
    seen = {name: fails("jump-failed") for name in "abcd"}
    assert found(seen, c={"jump": "g"}, d={"jump": "g", "user": "x"}) == [
        ("jump-failed", ("a", "b")),
        ("jump-failed", ("c", "d")),
    ]


def test_hosts_that_are_not_logged_in_to_by_ssh_are_left_out() -> None:
    seen: dict[str, Observation] = {name: fails("client-failed") for name in "ab"}
    assert found(seen, a={"connection": "docker://a"}) == []


def test_no_root_anywhere_is_one_reason_with_what_to_write() -> None:
    seen: dict[str, Observation] = {"a": ROOTLESS, "b": ROOTLESS}
    assert found(seen) == [("not-privileged", ("a", "b"))]
    (one,) = shared_failures(seen, {name: Login(address=name) for name in seen})
    assert one.title() == (
        "all 2 hosts (a, b) were looked at without root, so that owners of sockets stay unseen; "
        "log in as root, or write sudo: true under ssh"
    )


@pytest.mark.parametrize("why", ["internal-error", "not-observed", "program-died"])
def test_what_is_no_setting_is_never_shared(why: str) -> None:
    assert found({"a": fails(why), "b": fails(why)}) == []
