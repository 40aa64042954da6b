"""What each check says something of: a subcomponent at a place, or one aspect of it.

Several checks look at one subject from different sides. Where none of them gives a result, nobody
knows whether the subject works, and the cluster is not ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pytest_portaswitch.cluster.model import Accepted
from pytest_portaswitch.plan.check import (
    CannotAssess,
    Check,
    HoldsConnection,
    IsDescribed,
    Listens,
    Place,
    Reaches,
    RefusesWrites,
    Runs,
    StandsBy,
)
from pytest_portaswitch.tables.row import Row, Tables

Aspect = Literal["service", "peer", "standby", "replica", "host"]
"""``service``: it runs, and serves those that need it. ``peer``: what serves it is of a make that
nobody can name. ``standby``: another host can take it over. ``replica``: it refuses writes and
follows its source. ``host``: all that a host does, where the file does not say what it is."""


class Subject(NamedTuple):
    """What checks say something of."""

    subcomponent: str
    place: str
    """The host or virtual IP."""
    aspect: Aspect
    hosts: tuple[str, ...]
    """The host, or the members of the virtual IP."""


def subject_of(check: Check, tables: Tables) -> Subject | None:
    """The subject of a check; None where it is about something else than a subcomponent.

    A certificate, a route or a disk is no subcomponent. Nor is there a subject where the vendor
    gives no port: no site can change that, and no cluster would ever be ready.
    """
    expects, row = check.expects, tables.row(check.row)
    if isinstance(expects, Runs):
        return _at(check.subcomponent, expects.host)
    if isinstance(expects, HoldsConnection):
        return _at(check.subcomponent, expects.source)
    if isinstance(expects, Listens):
        return _served(expects.server, expects.place)
    if isinstance(expects, Reaches):
        if expects.server:
            return _served(expects.server, expects.destination)
        return _served(check.subcomponent, expects.destination, "peer")
    if isinstance(expects, StandsBy):
        return _served(check.subcomponent, expects.place, "standby")
    if isinstance(expects, RefusesWrites):
        return _served(_server(row, check), expects.destination, "replica")
    if isinstance(expects, IsDescribed):
        return Subject(check.subcomponent, expects.host, "host", (expects.host,))
    if isinstance(expects, CannotAssess) and check.peer is not None:
        # The database is of an engine that is out of scope.
        return _at(_server(row, check), check.peer)
    return None


def _server(row: Row | None, check: Check) -> str:
    return row.serves if row and row.serves else check.subcomponent


def _at(subcomponent: str, host: str) -> Subject:
    return Subject(subcomponent, host, "service", (host,))


def _served(subcomponent: str, place: Place, aspect: Aspect = "service") -> Subject:
    return Subject(subcomponent, place.name, aspect, place.hosts)


def deciding(checks: Sequence[Check]) -> Sequence[Check]:
    """Of the checks of one subject, those by which it is assessed.

    A process that runs and listens may still serve nobody; so where peers ask it, their answers
    decide, and only elsewhere its processes, sockets and connections. In a range of ports nothing
    answers: that a datagram arrives there says nothing of the process.
    """
    probes = [check for check in checks if isinstance(check.expects, Reaches)]
    answered = [check for check in probes if not _is_sampled(check)]
    return answered or [check for check in checks if check not in probes] or checks


def _is_sampled(check: Check) -> bool:
    return isinstance(check.expects, Reaches) and bool(check.expects.sample)


def covers(entry: Accepted, check: Check, subject: Subject) -> bool:
    """Whether the site accepts that a check of a subject gives no result."""
    named = entry.subcomponent == subject.subcomponent or (entry.row and entry.row == check.row)
    if not named or not entry.places:
        return bool(named)
    return subject.place in entry.places or set(subject.hosts) <= set(entry.places)
