"""Hosts that send to a peer by another way than the private interface, and what comes of it.

The peer sees another address, or its replies go where they are lost. It then refuses or ignores
what it would answer: by what it does it seems to be the one that is broken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.judge.fault import Fault
from pytest_portaswitch.judge.private_network import departures
from pytest_portaswitch.plan.check import HoldsConnection, Place, UsesPrivate

BLAMING = frozenset({
    "dropped", "rejected", "silent", "no-path", "no-echo", "lost-on-the-way", "undecided", "mute",
    "ignored", "may-be-silent", "no-secret", "hung-up", "tls-fails", "reply-from-another-address",
    "refused-host-not-allowed", "refused-host-blocked", "refused-access-denied-with-credentials",
})  # fmt: skip
"""How one may end because the sender comes from another address, or because replies go astray."""


class Misrouted(NamedTuple):
    """Pairs of hosts of which the first sends to the second by a wrong way."""

    pairs: Mapping[tuple[str, str], Fault]
    facts: Mapping[str, Observation]

    def explains(self, item: Item, others_hold: bool) -> Fault | None:
        """The fault of the route that explains an item, or None.

        ``others_hold``: whether others are answered at the same port. Where nobody is, what all
        meet is the service's, unless each of them is misrouted.
        """
        expects = item.check.expects
        if isinstance(expects, HoldsConnection) and item.code == "connection-astray":
            # One that goes to a public address was configured so.
            return None if self._goes_astray(expects) else self._between(
                expects.source, expects.destination, both_ways=False
            )  # fmt: skip
        if item.path is None or item.code not in BLAMING:
            return None
        is_of_service = item.code in ("mute", "ignored", "may-be-silent", "no-secret", "tls-fails")
        if is_of_service and not others_hold:
            return None
        return self._between(*item.path)

    def _between(self, source: str, place: Place, *, both_ways: bool = True) -> Fault | None:
        for host in place.hosts:
            for pair in ((source, host), (host, source))[: 2 if both_ways else 1]:
                if pair in self.pairs:
                    return self.pairs[pair]
        return None

    def _goes_astray(self, expects: HoldsConnection) -> bool:
        host = self.facts.get(expects.source)
        return isinstance(host, HostFacts) and any(
            connection.remote in expects.astray for connection in host.connections
        )


def misrouted(items: Sequence[Item], facts: Mapping[str, Observation]) -> Misrouted:
    """Read them off the routes of each host of which a check found that they are wrong."""
    pairs = {}
    for item in items:
        expects, found = item.check.expects, item.verdict.fault
        host = facts.get(item.check.host)
        if not isinstance(expects, UsesPrivate) or not isinstance(host, HostFacts):
            continue
        if found is not None and found.code == "wrong-route" and not item.holds:
            for peer, departure in departures(expects, host).items():
                if departure:
                    pairs[expects.host, peer] = found
    return Misrouted(pairs, facts)
