"""Where checks look, and at which ports."""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.tables.row import Demand, ProcessPattern, Transport


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A host, or a virtual IP with the hosts that may hold it, at one address."""

    name: str
    address: str
    hosts: tuple[str, ...]
    """The host itself, or all members of the virtual IP's group."""
    virtual: bool = False


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """What is demanded of which ports."""

    transport: Transport
    numbers: tuple[int, ...]
    """One port; several of which one must serve (``one``); or the two ends of a range."""
    demand: Demand = "all"

    @property
    def label(self) -> str:
        """Such as ``udp-1812``, ``tcp-3306-or-3307`` or ``udp-35000-64999``."""
        joint = "-or-" if self.demand == "one" else "-"
        return f"{self.transport}-{joint.join(map(str, self.numbers))}"

    @property
    def words(self) -> str:
        """For people: ``udp/1812``, ``tcp/3306 or tcp/3307``, ``udp/35000-64999``."""
        if self.demand == "range":
            return f"{self.transport}/{self.numbers[0]}-{self.numbers[-1]}"
        return " or ".join(f"{self.transport}/{number}" for number in self.numbers)


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """That a DB server is written to, and who asks it whether it takes that."""

    source: str
    """The host from which the audit's account looks."""
    account: str
    """That account, as the cluster file names it."""
    others: tuple[str, ...] = ()
    """Addresses of servers that are written to in its place."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """Ports of one host that a row speaks of: ``first`` to ``last``."""

    transport: Literal["tcp", "udp"]
    first: int
    last: int
    address: str
    """Where peers meet it: who listens there is for the listener check to judge."""
    process: ProcessPattern | None = None
    """Whose they are at any other address; None: nobody can name it."""
