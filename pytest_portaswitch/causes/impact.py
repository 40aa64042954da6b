"""What a cause takes down: who is left without which service, and who still serves.

Whether something is an outage does not follow from the cause alone: it is one when the other
servers of the same row fail as well, whatever makes them fail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, get_args

from pytest_portaswitch.causes.cause import Effect, Severity
from pytest_portaswitch.causes.item import Item, listed
from pytest_portaswitch.causes.loss import Loss, conjugated, counted, phrases_of, some
from pytest_portaswitch.causes.risk import risk
from pytest_portaswitch.plan.check import Check, Listens, Reaches, Runs

SHOWN = 3
"""So many services are told of in words; the checks name all."""

GRAVEST: tuple[Effect, ...] = get_args(Effect)


class Impact(NamedTuple):
    """The gravest effect, and all in words."""

    effect: Effect
    words: str


class Landscape:
    """All planned checks of a cluster with what became of them, as dependencies."""

    def __init__(
        self, planned: Iterable[Check], items: Iterable[Item], broken: AbstractSet[str]
    ) -> None:
        self.broken = broken
        """Ids of the checks whose cause is a failure, so that what is unknown of them is not."""
        self.items = {item.check.id: item for item in items}
        self.reaching: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(dict)
        """Row and source: place to check ids."""
        self.reached: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(dict)
        """Row and place: source to check ids."""
        self.listening: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        """Row: host to the ids of the listener checks at places that it may serve."""
        self.serving: dict[str, set[str]] = defaultdict(set)
        """Subcomponent that listens: hosts."""
        self.does: dict[str, set[str]] = defaultdict(set)
        """Host: the subcomponents that listen or run there."""
        self.running: dict[str, dict[str, str]] = defaultdict(dict)
        """Subcomponent: host to the id of the check that it runs."""
        for check in planned:
            self._take(check)

    def _take(self, check: Check) -> None:
        expects = check.expects
        if isinstance(expects, Reaches):
            source, place = expects.source, expects.destination.name
            self.reaching[check.row, source].setdefault(place, []).append(check.id)
            self.reached[check.row, place].setdefault(source, []).append(check.id)
        elif isinstance(expects, Listens):
            for host in expects.place.hosts:
                self.listening[check.row][host].add(check.id)
                self.serving[expects.server].add(host)
                self.does[host].add(expects.server)
        elif isinstance(expects, Runs):
            self.running[check.subcomponent][expects.host] = check.id
            self.does[expects.host].add(check.subcomponent)

    def state(self, ids: Iterable[str]) -> str:
        """``works`` where all pass, ``fails`` where any does, or else ``unknown``."""
        ids = list(ids)
        words = [self.items[i].verdict.verdict if i in self.items else "unknown" for i in ids]
        if any(word in ("fail", "waived") for word in words) or self.broken & set(ids):
            return "fails"
        return "works" if words and all(word == "pass" for word in words) else "unknown"

    def impact(self, cause: Sequence[Item], severity: Severity) -> Impact:
        """What the checks of one cause mean for the cluster."""
        if severity == "waived":
            return Impact("none", f"{counted(len(cause))} excused by a waiver")
        if severity == "warning":
            verb = "passes" if len(cause) == 1 else "pass"
            return Impact("none", f"{counted(len(cause))} {verb} with a warning")
        if severity == "not-assessable":
            return Impact("none", f"{counted(len(cause))} that cannot be told")
        if severity == "not-observed":
            return self._unseen(cause)
        if severity == "unanswered":
            return Impact("unknown", _unanswered(cause))
        losses = [*self._lost(cause), *self._endangered(cause), *self._stopped(cause)]
        if not losses:
            failed = sum(item.verdict.verdict == "fail" for item in cause)
            return Impact("at-risk", risk(cause) or f"{counted(failed)} failed")
        losses.sort(key=lambda loss: (GRAVEST.index(loss.effect), loss.server, loss.clients))
        phrases = list(phrases_of(losses))
        words = "; ".join(phrases[:SHOWN])
        if len(phrases) > SHOWN:
            words += f"; and {len(phrases) - SHOWN} more"
        if behind := self._behind(losses):
            words += f"; in turn at risk: {behind}"
        return Impact(losses[0].effect, words)

    def _lost(self, cause: Sequence[Item]) -> Iterator[Loss]:
        """What sources do not reach."""
        lost: dict[tuple[str, str], dict[str, Item]] = defaultdict(dict)
        for item in cause:
            # What could not be probed is not lost, it is not known.
            tried = item.verdict.why_unknown != "not-observed"
            if isinstance(item.check.expects, Reaches) and tried:
                expects = item.check.expects
                lost[item.check.row, expects.destination.name][expects.source] = item
        for (row, place), sources in lost.items():
            some = next(iter(sources.values()))
            if _outgoing(some.check):
                yield self._lost_outgoing(row, place, sources)
                continue
            by_effect: dict[tuple[Effect, str], set[str]] = defaultdict(set)
            for source in sources:
                gone = {p for r, p in lost if r == row and source in lost[r, p]}
                by_effect[self._alternative(row, gone, source)].add(source)
            for (effect, rest), hosts in by_effect.items():
                yield Loss(effect, _server(some.check), tuple(sorted(hosts)), (), rest,
                            some.check.purpose)  # fmt: skip

    def _alternative(self, row: str, lost: AbstractSet[str], source: str) -> tuple[Effect, str]:
        """What is left to a source that does not reach the ``lost`` places of a row."""
        states = {
            other: self.state(ids)
            for other, ids in self.reaching[row, source].items()
            if other not in lost
        }
        if source in self.listening[row]:
            states[source] = self.state(self.listening[row][source])
        working = sorted(other for other, state in states.items() if state == "works")
        if working:
            return "degraded", f"{listed(working)} still {conjugated(working, 'serve')}"
        unknown = sorted(other for other, state in states.items() if state == "unknown")
        if unknown:
            return (
                "at-risk",
                f"whether {listed(unknown)} {conjugated(unknown, 'serve')} was not seen",
            )
        # A host that does the same work may do that of the one that is cut off.
        others = sorted(
            other
            for place in lost
            for other, ids in self.reached[row, place].items()
            if self._twins(source, other) and self.state(ids) == "works"
        )
        if others:
            return "degraded", f"{listed(others)} still {conjugated(others, 'reach', 'es')} it"
        return "outage", "nothing else serves it" if not states else (
            f"{listed(states)} {conjugated(list(states), 'fail')} as well"
        )

    def _twins(self, one: str, other: str) -> bool:
        return one != other and bool(self.does[one]) and self.does[one] == self.does[other]

    def _lost_outgoing(self, row: str, place: str, sources: Mapping[str, Item]) -> Loss:
        check = next(iter(sources.values())).check
        effect, rest = max(
            (self._alternative(row, {place}, source) for source in sorted(sources)),
            key=lambda found: -GRAVEST.index(found[0]),
        )
        return Loss(effect, _server(check), tuple(sorted(sources)), (check.subcomponent,), rest,
                     check.purpose)  # fmt: skip

    def _endangered(self, cause: Sequence[Item]) -> Iterator[Loss]:
        """What listens wrongly, and yet nobody among the cause's checks fails to reach it."""
        lost = {
            (item.check.row, item.check.expects.destination.name)
            for item in cause
            if isinstance(item.check.expects, Reaches)
        }
        for item in cause:
            expects = item.check.expects
            if not isinstance(expects, Listens) or (item.check.row, expects.place.name) in lost:
                continue
            sources = self.reached[item.check.row, expects.place.name]
            served = [source for source, ids in sources.items() if self.state(ids) == "works"]
            unseen = [source for source, ids in sources.items() if self.state(ids) == "unknown"]
            own = (item.check.subcomponent,) if expects.server != item.check.subcomponent else ()
            if served:
                yield Loss("at-risk", expects.server, tuple(sorted(served)), own,
                            "still answered", item.check.purpose)  # fmt: skip
            elif unseen:
                yield Loss("at-risk", expects.server, tuple(sorted(unseen)), own,
                            "not seen whether answered", item.check.purpose)  # fmt: skip

    def _stopped(self, cause: Sequence[Item]) -> Iterator[Loss]:
        """What only connects out, and does not run."""
        for item in cause:
            if not isinstance(item.check.expects, Runs):
                continue
            others = {
                host: self.state([check_id])
                for host, check_id in self.running[item.check.subcomponent].items()
                if host != item.check.host
            }
            working = sorted(host for host, state in others.items() if state == "works")
            unknown = sorted(host for host, state in others.items() if state == "unknown")
            effect: Effect = "degraded" if working else "at-risk" if unknown else "outage"
            rest = "running nowhere else"
            if working:
                rest = f"still running on {listed(working)}"
            elif unknown:
                rest = f"not seen whether running on {listed(unknown)}"
            yield Loss(effect, item.check.subcomponent, (), (), rest, "")

    def _behind(self, losses: Sequence[Loss]) -> str:
        """What the hosts serve that are cut off from what they connect to."""
        hosts = {
            host
            for loss in losses
            if loss.outgoing and loss.effect in ("outage", "degraded")
            and loss.rest != "still answered"
            for host in loss.clients
        }  # fmt: skip
        found = sorted(
            server
            for server, where in self.serving.items()
            if where & hosts and server not in {loss.server for loss in losses}
        )
        on = {host for server in found for host in self.serving[server] & hosts}
        return f"{some(found)} on {listed(on)}" if found else ""

    def _unseen(self, cause: Sequence[Item]) -> Impact:
        words = f"{counted(len(cause))} not made"
        local = sorted(
            {
                _server(item.check)
                for item in cause
                if isinstance(item.check.expects, (Listens, Runs))
            }
        )
        hosts = {
            host
            for item in cause
            if isinstance(item.check.expects, Listens)
            for host in item.check.expects.place.hosts
        }
        if local:
            words += f", nothing is known of {some(local)}"
        towards = [
            item
            for item in self.items.values()
            if item.path and item.path[1].name in hosts and item.verdict.verdict != "unknown"
        ]
        if towards and all(item.holds for item in towards):
            words += "; what peers ask of it is still answered"
        return Impact("unknown", words)


def _unanswered(cause: Sequence[Item]) -> str:
    servers = sorted({_server(item.check) for item in cause})
    clients = sorted({item.check.host if item.path is None else item.path[0] for item in cause})
    return f"whether {some(servers)} {conjugated(servers, 'serve')} {listed(clients)} is not known"


def _outgoing(check: Check) -> bool:
    expects = check.expects
    return isinstance(expects, Reaches) and check.host == expects.source


def _server(check: Check) -> str:
    expects = check.expects
    if isinstance(expects, Reaches):
        return expects.server or f"{expects.ports.words} of {expects.destination.name}"
    return expects.server if isinstance(expects, Listens) else check.subcomponent
