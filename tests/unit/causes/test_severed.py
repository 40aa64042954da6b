"""A host that drops or rejects what one other host sends is one cause, whichever two they are."""

from __future__ import annotations

import itertools

import pytest

from .mischief import CLUSTER, HEALTHY, facts
from .test_cases import judged


@pytest.mark.parametrize("verdict", ["drop", "reject"])
@pytest.mark.parametrize("host", ["bill1", "db1", "proc1", "sbc1", "sip1", "sip2"])
def test_no_two_hosts_are_severed_by_more_than_one_cause(host: str, verdict: str) -> None:
    """Over TCP and UDP, by private address and virtual IP, and both ways."""
    for source in CLUSTER.hosts:
        mischief = [f"cut {host} {source} {verdict}"]
        _, causes = judged(mischief)
        # Whether an echo came back is not all that tells if a host is there.
        tried = source != "config" and facts(mischief) != HEALTHY
        assert len(causes) == tried or (source == "config" and len(causes) < 2), mischief


def test_another_fault_beside_it_is_named_as_well() -> None:
    """A service that is down is so for everybody."""
    _, causes = judged(["kill proc1 registrar", "cut proc1 sip1 drop"])
    assert {cause.id for cause in causes} == {
        "not-running:proc1:registrar",
        "blocked:proc1:sip1:both-ways",
    }


@pytest.mark.parametrize(
    ("mischief", "cause"),
    [
        ("cut proc1 sip1 {}", "{}:proc1:sip1:both-ways"),
        ("drop proc1 sip1 tcp:8081", "blocked:proc1:sip1:tcp-8081"),
    ],
)
def test_who_is_answered_on_one_port_is_not_severed(mischief: str, cause: str) -> None:
    """Then ports and direction are named."""
    _, causes = judged([mischief.format("drop")])
    assert [one.id for one in causes] == [cause.format("blocked")]


def test_all_firewalls_between_the_same_groups_are_one_cause() -> None:
    """Two hosts on one side, two on the other."""
    mischief = [
        f"cut {a} {b} drop" for a, b in itertools.product(("proc1", "proc2"), ("sip1", "sip2"))
    ]
    _, (cause,) = judged(mischief)
    assert cause.id == "blocked:proc1+proc2:sip1+sip2:both-ways"
    assert cause.title == (
        "packets between proc1 and proc2 on one side and sip1 and sip2 on the other are dropped, "
        "both ways: all that wants an answer"
    )


def test_what_the_kernel_forbids_is_what_is_seen_first() -> None:
    """It names the firewall."""
    _, (cause,) = judged(["cut proc1 sip1 drop", "forbid proc1 sip1 udp:5070"])
    assert cause.seen[0] == "proc1 itself forbids to send (EPERM)"
