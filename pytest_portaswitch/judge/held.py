"""Does the subcomponent's own process hold its connection, over the private network?

Read passively from the host that connects: nothing is sent, and what a new connection would meet
is for the reachability check to say.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from pytest_portaswitch.facts.model import Connection, HostFacts, Process
from pytest_portaswitch.judge import addressing, other_end, seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.process import (
    all_stopped,
    looked_for,
    missing_process,
    pin,
    stopped_cause,
)
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict, VerdictWord
from pytest_portaswitch.plan.check import Check, HoldsConnection
from pytest_portaswitch.text.command import on

SHOWN = 5


def judge_held(check: Check, expects: HoldsConnection, facts: Facts) -> Verdict:
    """Holds when the process, or a child of it, is connected from and to private addresses.

    One that may connect on demand only holds as well while it has no connection, and says so.
    """
    place = expects.destination
    expected = (
        f"{check.subcomponent} on {expects.source} connected to {expects.ports.words} of "
        f"{place.name} ({place.address})"
    )
    host = facts_of(expects.source, facts, expected)
    if isinstance(host, Verdict):
        return host
    if why := host.gap("processes"):
        return gap(host.host, "processes", why, expected)
    return _Judge(check, expects, host, facts, expected).verdict()


class _Judge:
    def __init__(
        self,
        check: Check,
        expects: HoldsConnection,
        host: HostFacts,
        facts: Facts,
        expected: str,
    ) -> None:
        self.check = check
        self.expects = expects
        self.host = host
        self.facts = facts
        self.expected = expected
        self.name = check.subcomponent
        self.running = seen.processes_matching(host, expects.process)
        self.own = seen.with_children(host, self.running)
        addresses = (expects.destination.address, *expects.behind, *expects.astray)
        self.all = seen.connections_to(host, addresses, expects.ports)
        self.held = tuple(c for c in self.all if self.own & set(c.pids or ()))
        ports = " or ".join(f"dport = :{number}" for number in expects.ports.numbers)
        if expects.ports.demand == "range":
            low, high = expects.ports.numbers[0], expects.ports.numbers[-1]
            ports = f"dport >= :{low} and dport <= :{high}"
        self.reproduce = on(host.host, f'ss -tnp state established "( {ports} )"', sudo=True)

    def verdict(self) -> Verdict:
        if not self.running:
            return missing_process(
                self.check,
                self.host,
                self.facts,
                self.expects.process,
                self.expected,
                self.reproduce,
            )
        return self._of_held() if self.held else self._of_none()

    def _of_held(self) -> Verdict:
        by = [p for connection in self.held for p in seen.owners(self.host, connection)]
        if by and all_stopped(by):
            return self._frozen(by)
        for connection in self.held:
            if found := self._astray(connection):
                return found
        observed = f"{self._words(self.held[0])}{_more(self.held)}"
        past = [c for c in self.held if c.remote in self.expects.behind]
        if not past:
            return self._half_open(observed) or self._made("pass", observed, grade="in-use")
        place, host = self.expects.destination, self.host.host
        return self._made(
            "pass",
            observed,
            grade="in-use",
            warnings=(
                f"it is connected to {past[0].remote} itself, not to the virtual IP "
                f"{place.name} ({place.address}): it does not follow a failover",
            ),
            fault=fault(
                "past-the-virtual-ip",
                host,
                self.name,
                detail=f"{self.name} on {host} is connected past the virtual IP {place.name}",
            ),
        )

    def _half_open(self, observed: str) -> Verdict | None:
        """A warning, where the other end knows nothing of what is to be held at all times."""
        if not self.expects.demanded:
            return None
        other = other_end.not_known_by(self.held, self.expects, self.host, self.facts)
        if not other:
            return None
        host = self.host.host
        line = f"{other} knows nothing of that connection: either it is dead and {self.name} did "
        line += "not notice, or something between them translates addresses"
        words = f"{host} holds connections to {other} of which {other} knows nothing"
        about = fault("half-open", host, other, detail=words)
        return self._made("pass", observed, grade="in-use", warnings=(line,), fault=about)

    def _astray(self, connection: Connection) -> Verdict | None:
        """What is wrong with the addresses of a connection, if anything is."""
        host, place = self.host, self.expects.destination
        if connection.remote in self.expects.astray:
            return self._fail(
                f"{self.name} on {host.host} is connected to the public address "
                f"{connection.remote} of {place.name}, not to its private one",
                self._words(connection),
                "connection-astray",
            )
        private = self.expects.address
        if _same(connection.local, private):
            return None
        interface = addressing.holds(host, private)
        if interface and addressing.holds(host, connection.local) == interface:
            return None
        if why := host.gap("interfaces"):
            return gap(host.host, "interfaces", why, self.expected)
        return self._fail(
            f"{self.name} on {host.host} is connected to {place.name} from {connection.local}, "
            f"which is not an address of its private interface",
            self._words(connection),
            "connection-astray",
        )

    def _of_none(self) -> Verdict:
        seen.all_decided(self.host, self.expects.process)
        unseen = [c for c in self.all if c.pids is None]
        if unseen:
            why = self.host.gap("owners") or "the owner of the connection could not be read"
            return self._unknown(
                f"{self._words(unseen[0])}: somebody is connected, but not who",
                f"owners of sockets on {self.host.host} not visible: {why}",
            )
        for what in ("sockets", "connections"):
            if why := self.host.gap(what):
                return gap(self.host.host, what, why, self.expected)
        if not self.expects.demanded:
            return self._made(
                "pass",
                f"{seen.process_words(self.running)} holds no connection now; it may connect on "
                "demand, and none is demanded",
            )
        return self._elsewhere() or self._missing()

    def _elsewhere(self) -> Verdict | None:
        """What is to be said of connections that are not the ones looked for."""
        expects, place = self.expects, self.expects.destination
        for other in expects.instead:
            mine = [
                connection
                for connection in seen.connections_to(self.host, (other.address,), expects.ports)
                if self.own & set(connection.pids or ())
            ]
            if mine:
                return self._made(
                    "pass",
                    f"{self._words(mine[0])}: {other.name} serves it, where {place.name} could",
                    grade="in-use",
                )
        ownerless = [c for c in self.all if not seen.owners(self.host, c)]
        if ownerless:
            # It was opened or closed while the host was looked at.
            return self._unknown(
                f"{self._words(ownerless[0])}: its owner could not be found among the processes",
                f"the owner of a connection to {place.name} on {self.host.host} could not be found",
            )
        if self.host.host in place.hosts:
            return self._unknown(
                f"{seen.process_words(self.running)} runs on the host that it is to connect to: "
                "over loopback or a local socket that is not visible",
                f"connections within {self.host.host} are not visible",
                code="within-host",
            )
        if self.all and expects.process.confidence == "assumed":
            return self._unknown(
                f"{self._words(self.all[0])}; whether that is {self.name} is not known, the name "
                "in the table is only assumed",
                f"the process name of {self.name} is not known; {pin(self.check)}",
                code="name-not-known",
                evidence=(looked_for(expects.process),),
            )
        return None

    def _missing(self) -> Verdict:
        place = self.expects.destination
        if all_stopped(self.running):
            return self._frozen(self.running)
        others = f"; {self._words(self.all[0])} is another's" if self.all else ""
        return self._fail(
            f"{self.name} on {self.host.host} is not connected to {place.name}, though it runs",
            f"{seen.process_words(self.running)} runs and holds no connection to "
            f"{self.expects.ports.words} of {place.name}{others}",
            "not-connected",
        )

    def _frozen(self, processes: Sequence[Process]) -> Verdict:
        return self._made(
            "fail",
            f"{seen.process_words(processes)} is stopped",
            cause=stopped_cause(self.host, self.name, tuple(processes)),
            fault=fault("frozen", self.host.host, self.name),
        )

    def _fail(self, cause: str, observed: str, code: str) -> Verdict:
        subject = (self.host.host, self.name, self.expects.destination.name)
        return self._made("fail", observed, cause=cause, fault=fault(code, *subject))

    def _unknown(
        self, observed: str, cause: str, code: str = "not-visible", evidence: tuple[str, ...] = ()
    ) -> Verdict:
        subject = {
            "not-visible": (self.host.host, "owners"),
            "within-host": (self.host.host, self.name),
            "name-not-known": (self.name,),
        }[code]
        return self._made(
            "unknown",
            observed,
            cause=cause,
            fault=fault(code, *subject),
            why_unknown="not-observed" if code == "not-visible" else "not-assessable",
            more=evidence,
        )

    def _made(
        self, verdict: VerdictWord, observed: str, more: tuple[str, ...] = (), **rest: Any
    ) -> Verdict:
        shown = self.held or self.all
        evidence = tuple(self._words(connection) for connection in shown[:SHOWN])
        by = [p for connection in self.held for p in seen.owners(self.host, connection)]
        evidence += tuple(seen.command_line(process) for process in (by or self.running)[:3])
        return Verdict(
            verdict=verdict,
            expected=self.expected,
            observed=observed,
            evidence=evidence + more,
            reproduce=self.reproduce,
            **rest,
        )

    def _words(self, connection: Connection) -> str:
        return seen.connection_words(self.host, connection)


def _more(connections: Sequence[Connection]) -> str:
    count = sum(connection.count for connection in connections[1:])
    return f", and {count} more" if count else ""


def _same(one: str, other: str) -> bool:
    return ipaddress.ip_address(one) == ipaddress.ip_address(other)
