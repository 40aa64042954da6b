"""A check with its verdict, as the causes look at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import (
    Check,
    HasConnection,
    Listens,
    Place,
    Ports,
    Presents,
    Reaches,
)

Port = tuple[str, str, int]
"""Name of the place, ``tcp`` or ``udp``, number."""


class Item(NamedTuple):
    """A check that was judged."""

    check: Check
    verdict: Verdict

    @property
    def code(self) -> str:
        """The code of its fault, or empty."""
        return self.verdict.fault.code if self.verdict.fault else ""

    @property
    def follows(self) -> bool:
        """Whether it may be but the consequence of another check's trouble."""
        return self.code in ("not-connected", "not-told", "replication-stopped")

    @property
    def holds(self) -> bool:
        """Whether it passes."""
        return self.verdict.verdict == "pass"

    @property
    def warns(self) -> bool:
        """Whether it passes, and somebody should see to something nevertheless."""
        return self.holds and bool(self.verdict.warnings)

    @property
    def path(self) -> tuple[str, Place] | None:
        """The source and the destination of what goes from host to host."""
        expects = self.check.expects
        if isinstance(expects, (Reaches, HasConnection)):
            return expects.source, expects.destination
        if isinstance(expects, Presents) and self.verdict.grade and self.verdict.fault:
            # No handshake came about, for the reason for which one of its peers does not get there.
            subject = self.verdict.fault.subject
            source = subject[0] if subject[0] in expects.sources else expects.sources[0]
            return source, expects.destination
        return None

    @property
    def words(self) -> str:
        """What was tried or should listen, such as ``tcp/3306``; empty where no port is meant."""
        expects = self.check.expects
        if isinstance(expects, HasConnection):
            return "an echo and ssh"
        return expects.ports.words if isinstance(expects, (Reaches, Presents, Listens)) else ""

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports that it speaks of, at their place."""
        expects = self.check.expects
        if isinstance(expects, (Reaches, Presents)):
            return _ports(expects.destination, expects.ports)
        return _ports(expects.place, expects.ports) if isinstance(expects, Listens) else ()


def _ports(place: Place, ports: Ports) -> tuple[Port, ...]:
    transport = "udp" if ports.transport == "udp" else "tcp"
    return tuple((place.name, transport, number) for number in ports.numbers)


def items_of(checks: Iterable[Check], verdicts: Mapping[str, Verdict]) -> tuple[Item, ...]:
    """The judged checks, sorted by id."""
    judged = [Item(check, verdicts[check.id]) for check in checks if check.id in verdicts]
    return tuple(sorted(judged, key=lambda item: item.check.id))


def listed(names: Iterable[str], most: int = 4) -> str:
    """``a, b and c``; of many, the first few and how many there are."""
    found = sorted(set(names))
    if len(found) > most:
        return f"{len(found)} hosts ({', '.join(found[: most - 1])}, ...)"
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)
