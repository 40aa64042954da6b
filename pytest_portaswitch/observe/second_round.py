"""The second round over the connections of the first: targets watch, sources send once more.

All steps have a deadline of their own, and who misses one takes no further part: the others go on.
"""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import msgspec

from pytest_portaswitch.facts.second import Told
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe import pairing
from pytest_portaswitch.observe.pairing import Part, Party
from pytest_portaswitch.observe.trip import Trip

_PATIENCE = 2.0
"""Seconds that each step gets at least; a busy host gets an equal share of all that is left."""
_TO_GO_HOME = 1.0
"""Seconds that are kept of the time limit, so that who is late still tells what it saw."""


class SecondRound:
    """One round among trips that have all told what they saw. ``is_over`` once it ended."""

    def __init__(self, trips: Collection[Trip]) -> None:
        self._clusters: dict[str, dict[str, Trip]] = defaultdict(dict)
        for trip in trips:
            self._clusters[trip.job.cluster][trip.job.request.host] = trip
        self._taking_part: list[Trip] = []
        self._end_by = min(trip.deadline for trip in trips) - _TO_GO_HOME
        self._steps = [("watching", "go"), ("sent", "report"), ("told", "")]
        self._deadline = self._next_deadline()
        self.is_over = False
        for parties in self._parties().values():
            for name, part in _each_or_none(parties, pairing.parts).items():
                trip = parties.trips[name]
                words = attempt("udp-round", name, _words, part, trip)
                if isinstance(words, InternalError):
                    trip.note(words)
                    continue
                trip.call("round", words)
                self._taking_part.append(trip)
        self.go_on()

    def go_on(self) -> float:
        """Do what can be done now, and return until when to wait for more to happen."""
        now = time.monotonic()
        while self._steps:
            awaited, word = self._steps[0]
            waiting = [t for t in self._taking_part if t.said not in (awaited, "gone")]
            if waiting and now < self._deadline:
                return self._deadline
            # Hosts past the deadline are dropped; what they did not report stays unknown.
            self._taking_part = [trip for trip in self._taking_part if trip.said == awaited]
            for trip in self._taking_part if word else ():
                trip.call(word)
            self._steps.pop(0)
            self._deadline = self._next_deadline()
        if not self.is_over:
            self.is_over = True
            self._end()
        return now

    def _next_deadline(self) -> float:
        now = time.monotonic()
        return now + max(_PATIENCE, (self._end_by - now) / max(1, len(self._steps)))

    def _end(self) -> None:
        for parties in self._parties().values():
            told = {
                name: trip.told for name, trip in parties.trips.items() if trip.told is not None
            }
            found = _each_or_none(parties, functools.partial(pairing.merged, told=told))
            for name, facts in found.items():
                parties.trips[name].finish(facts)

    def _parties(self) -> dict[str, _Parties]:
        return {
            cluster: _Parties(
                trips, {n: Party(t.job.request, t.first) for n, t in trips.items() if t.first}
            )
            for cluster, trips in self._clusters.items()
        }


class _Parties(msgspec.Struct):
    trips: dict[str, Trip]
    members: dict[str, Party]


T = TypeVar("T")
Work = Callable[[Mapping[str, Party]], dict[str, T]]


def _each_or_none(parties: _Parties, work: Work[T]) -> dict[str, T]:
    """What is worked out of all parties; where that fails, without those that it fails of.

    A party that it fails of by itself is left out, and the others go on; else all are.
    """
    found = attempt("udp-round", "all hosts", work, parties.members)
    if not isinstance(found, InternalError):
        return found
    sound = {}
    for name, member in parties.members.items():
        alone = attempt("udp-round", name, work, {name: member})
        if isinstance(alone, InternalError):
            parties.trips[name].note(alone)
        else:
            sound[name] = member
    again = attempt("udp-round", "all hosts", work, sound)
    if not isinstance(again, InternalError):
        return again
    for name in sound:
        parties.trips[name].note(again)
    return {}


def _words(part: Part, trip: Trip) -> dict[str, object]:
    assert trip.first is not None
    party = Party(trip.job.request, trip.first)
    timeout = min(pairing.patience(part, party), trip.job.request.udp_timeout)
    return {
        "watch": {
            "sources": sorted(part.sources),
            "targets": sorted(part.targets),
            "ports": sorted(part.watches),
        },
        "probes": [msgspec.to_builtins(probe) for probe in part.sends.values()],
        "repeats": sorted(part.repeats),
        "scripts": msgspec.to_builtins(
            {key: script for key, script in trip.job.request.scripts.items() if key in part.sends}
        ),
        "timeout": timeout,
    }


__all__ = ["SecondRound", "Told"]
