"""What is at risk by a failure that leaves nobody without a service now, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pytest_portaswitch.causes.item import Item, listed
from pytest_portaswitch.judge.identity import MISTAKEN
from pytest_portaswitch.plan.check import (
    Check,
    ClockAgrees,
    DiskFree,
    HasConnection,
    Holds,
    HoldsConnection,
    MtuAgrees,
    NothingElse,
    Presents,
    RefusesWrites,
    ReleaseAgrees,
    StandsBy,
    UsesPrivate,
)

_WORDS: Mapping[type[msgspec.Struct], str] = {
    Holds: "peers of {where} meet now one of its holders, now another, or none",
    Presents: "peers that verify the certificate of {what} on {where} refuse it",
    RefusesWrites: "whoever reads from {where} may be told what the main database does not say",
    StandsBy: "at a failover of {where} nobody takes {what} over",
    HoldsConnection: "{what} on {where} does its work without that connection, or not at all",
    UsesPrivate: "what {where} sends to its peers may leave the private network",
    NothingElse: "{where} offers what nobody has reviewed",
    HasConnection: "{where} can neither configure nor upgrade {what}",
    ClockAgrees: "what {where} records bears wrong times, and certificates may count as expired "
    "or not yet valid there",
    DiskFree: "an upgrade of {where} may stop half-way, and what is written there be lost",
    MtuAgrees: "large packets between {where} and its peers may be lost",
    ReleaseAgrees: "{where} may serve otherwise than hosts of the release that is expected there",
}
"""By what a check expects; the first that a cause has speaks for it."""


def risk(cause: Sequence[Item]) -> str:
    """Empty where there is nothing to say but how many checks failed."""
    twice = next((i.verdict.fault for i in cause if i.code == "address-twice"), None)
    if twice is not None:
        return (
            f"what peers send to {twice.subject[0]} reaches now one of {twice.detail}, now another"
        )
    if any(item.code in MISTAKEN for item in cause):
        where = listed(item.check.host for item in cause if item.code in MISTAKEN)
        return f"what was seen in the place of {where} says nothing of it"
    failed = [item.check for item in cause if item.verdict.verdict == "fail"]
    for kind, words in _WORDS.items():
        meant = [check for check in failed if isinstance(check.expects, kind)]
        if meant:
            return words.format(
                where=listed(check.host for check in meant), what=listed(map(_what, meant))
            )
    return ""


def _what(check: Check) -> str:
    expects = check.expects
    if isinstance(expects, HasConnection):
        return expects.destination.name
    server = expects.server if isinstance(expects, Presents) else ""
    return server or check.subcomponent
