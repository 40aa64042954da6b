"""What follows where a machine is not the one that is meant, or was started anew meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.facts.model import Observation, Unobserved
from pytest_portaswitch.judge import identity
from pytest_portaswitch.judge.fault import Fault
from pytest_portaswitch.judge.unknown import INTERNAL_ERROR
from pytest_portaswitch.plan.check import (
    CannotAssess,
    ClockAgrees,
    DiskFree,
    Holds,
    HoldsConnection,
    Listens,
    Presents,
    RefusesWrites,
    ReleaseAgrees,
    StandsBy,
    UsesPrivate,
)

_OF_ITS_OWN = (CannotAssess, ClockAgrees, DiskFree, ReleaseAgrees)
"""What is so wherever a machine stands."""
_NEVER_LOOKED = frozenset({INTERNAL_ERROR, "pattern-too-slow", "not-looked-at"})


class Mistaken(NamedTuple):
    """Hosts of which a check found that; all by name."""

    machines: Mapping[str, Fault]
    started: Mapping[str, Fault]

    def explains(self, item: Item) -> Fault | None:
        """The fault of a machine that explains what an item found, or None."""
        expects = item.check.expects
        seen = item.verdict.why_unknown != "not-observed"
        if (isinstance(expects, _OF_ITS_OWN) and seen) or item.code in _NEVER_LOOKED:
            return None
        if isinstance(expects, Presents) and item.path is None and "name" not in item.code:
            # A certificate that has expired has done so everywhere.
            return None
        hosts = _hosts_of(item)
        found = next((self.machines[name] for name in hosts if name in self.machines), None)
        if found is None and (not item.holds or item.code == "half-open"):
            found = next((self.started[name] for name in hosts if name in self.started), None)
        return found


def mistaken(items: Sequence[Item], facts: Mapping[str, Observation]) -> Mistaken:
    """Read it off the checks of the private interfaces, which compare what hosts say of each other.

    Of a machine that is met in the place of another host that nobody can look at, both are meant.
    """
    machines: dict[str, Fault] = {}
    started: dict[str, Fault] = {}
    for item in items:
        found = item.verdict.fault
        if not isinstance(item.check.expects, UsesPrivate) or found is None:
            continue
        if item.code in identity.MISTAKEN and not item.holds:
            for name in found.subject:
                if name == item.check.host or isinstance(facts.get(name), Unobserved):
                    machines[name] = found
        elif item.code == "rebooted":
            started[item.check.host] = found
    return Mistaken(machines, started)


def _hosts_of(item: Item) -> tuple[str, ...]:
    expects = item.check.expects
    if item.path is not None:
        return item.path[0], *item.path[1].hosts
    if isinstance(expects, (Listens, Holds, StandsBy)):
        return expects.place.hosts
    if isinstance(expects, Presents):
        return expects.destination.hosts
    if isinstance(expects, (HoldsConnection, RefusesWrites)):
        return (expects.source, *expects.destination.hosts)
    return (item.check.host,)
