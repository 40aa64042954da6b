"""What is at risk though nobody is without a service, for each kind of check that can be alone."""

from __future__ import annotations

from typing import get_args

import pytest

from pytest_portaswitch.causes.item import items_of
from pytest_portaswitch.causes.risk import risk
from pytest_portaswitch.judge import Verdict
from pytest_portaswitch.plan.check import (
    CannotAssess,
    Expectation,
    IsDescribed,
    IsNotInUse,
    Listens,
    Reaches,
    Runs,
)
from tests.unit.causes import mischief

FAILED = Verdict(verdict="fail", expected="it holds", observed="it does not")
PASSED = Verdict(verdict="pass", expected="it holds", observed="it does")

WORDS = {
    "tls:": "peers that verify the certificate of * on * refuse it",
    "redundancy:sip-front:virtual-ip": "peers of sip-front meet now one of its holders, now "
    "another, or none",
    "redundancy:sip-front:edge-proxy": "at a failover of sip-front nobody takes edge-proxy over",
    "read-only:": "whoever reads from db2 may be told what the main database does not say",
    "connection:": "* on * does its work without that connection, or not at all",
    "private-network:bill1:": "what bill1 sends to its peers may leave the private network",
    "undeclared:web1:": "web1 offers what nobody has reviewed",
    "private-network:config:": "config can neither configure nor upgrade bill1",
    "hygiene:web1:clock": "what web1 records bears wrong times, and certificates may count as "
    "expired or not yet valid there",
    "hygiene:web1:disk": "an upgrade of web1 may stop half-way, and what is written there be lost",
    "hygiene:web1:mtu": "large packets between web1 and its peers may be lost",
    "hygiene:web1:release": "web1 may serve otherwise than hosts of the release that is expected "
    "there",
}

ELSEWHERE = (Listens, Reaches, Runs, CannotAssess, IsDescribed, IsNotInUse)
"""What somebody is without when it fails, and what cannot fail."""


@pytest.mark.parametrize("start", WORDS)
def test_each_kind_has_its_words(start: str) -> None:
    """Of what fails, not of what passes beside it."""
    checks = [check for check in mischief.PLAN.checks if check.id.startswith(start)]
    assert checks, sorted(check.id for check in mischief.PLAN.checks)
    verdicts = {check.id: PASSED for check in mischief.PLAN.checks}
    verdicts[checks[0].id] = FAILED
    cause = items_of(mischief.PLAN.checks, verdicts)
    words = WORDS[start].split("*")
    told = risk(cause)
    assert told.startswith(words[0])
    assert told.endswith(words[-1])
    assert told


def test_no_kind_of_check_is_without_words() -> None:
    """Or a cause would say no more than how many checks failed."""
    told = {
        type(check.expects)
        for start in WORDS
        for check in mischief.PLAN.checks
        if check.id.startswith(start)
    }
    assert told | set(ELSEWHERE) == set(get_args(Expectation))


def test_what_passes_is_not_at_risk() -> None:
    """Nothing is said of it."""
    verdicts = {check.id: PASSED for check in mischief.PLAN.checks}
    assert risk(items_of(mischief.PLAN.checks, verdicts)) == ""
