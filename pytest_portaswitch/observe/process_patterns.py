"""Which patterns a host tries on its processes: only those of which a check of it speaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from pytest_portaswitch.plan.check import (
    Expectation,
    Holds,
    HoldsConnection,
    IsNotInUse,
    Listens,
    NothingElse,
    Reaches,
    Runs,
    StandsBy,
)
from pytest_portaswitch.tables.row import Tables


class ProcessPatterns(NamedTuple):
    """As ``Request`` has them."""

    patterns: tuple[str, ...]
    sought: int


class PatternsByHost:
    """The patterns that some checks need, by host."""

    def __init__(self) -> None:
        self._sought: dict[str, set[str]] = defaultdict(set)
        self._of_owners: dict[str, set[str]] = defaultdict(set)

    def take(self, expects: Expectation) -> None:
        """Add what one check needs."""
        for host, pattern in _sought(expects):
            self._sought[host].add(pattern)
        if isinstance(expects, NothingElse):
            owners = self._of_owners[expects.host]
            owners.update(entry.process.match for entry in expects.declared if entry.process)
            owners.update(service.match for service in expects.services if service.match)
        elif isinstance(expects, IsNotInUse):
            self._of_owners[expects.host].update(expects.others)

    def of(self, host: str) -> ProcessPatterns:
        """What one host tries."""
        return _both(self._sought[host], self._of_owners[host])


def of_tables(tables: Tables) -> ProcessPatterns:
    """All patterns of the tables, for a host of which nothing is known."""
    return _both(
        {each.process.match for each in tables.subcomponents.values()},
        {service.match for service in tables.services if service.match},
    )


def _both(sought: set[str], of_owners: set[str]) -> ProcessPatterns:
    return ProcessPatterns((*sorted(sought), *sorted(of_owners - sought)), len(sought))


def _sought(expects: Expectation) -> Iterator[tuple[str, str]]:
    """Host and pattern of the processes that a check looks for, whatever they hold."""
    if isinstance(expects, (Listens, StandsBy)):
        yield from ((name, expects.process.match) for name in expects.place.hosts)
    elif isinstance(expects, Holds):
        for listens in expects.listens:
            yield from _sought(listens)
    elif isinstance(expects, (Runs, IsNotInUse)):
        yield expects.host, expects.process.match
    elif isinstance(expects, HoldsConnection):
        yield expects.source, expects.process.match
    elif isinstance(expects, Reaches) and expects.client:
        yield expects.source, expects.client.match
