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
from pytest_portaswitch.causes.ends import DOWN, is_down
from pytest_portaswitch.causes.item import Item, listed
from pytest_portaswitch.causes.landscape import Landscape
from pytest_portaswitch.causes.loss import Loss, conjugated, counted, phrases_of, some
from pytest_portaswitch.causes.risk import risk
from pytest_portaswitch.plan.check import Check, Holds, Listens, Reaches, Runs

SHOWN = 3
"""So many services are told of in words; the checks name all."""

GRAVEST: tuple[Effect, ...] = get_args(Effect)


class Impact(NamedTuple):
    """The gravest effect, and all in words."""

    effect: Effect
    words: str


class Impacts:
    """Of each cause of a cluster."""

    def __init__(self, landscape: Landscape) -> None:
        self.land = landscape

    def of(self, cause: Sequence[Item], severity: Severity) -> Impact:
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
        losses = losses or list(_unserved(cause))
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
        lost: dict[tuple[str, str], dict[str, Check]] = defaultdict(dict)
        for item in cause:
            # What could not be probed is not lost, it is not known.
            tried = item.verdict.why_unknown != "not-observed"
            if isinstance(item.check.expects, Reaches) and tried:
                expects = item.check.expects
                lost[item.check.row, expects.destination.name][expects.source] = item.check
        for (row, place), sources in lost.items():
            check = next(iter(sources.values()))
            if _outgoing(check):
                yield self._left_outgoing(check, place, sources)
                continue
            gone = {
                source: {p for r, p in lost if r == row and source in lost[r, p]}
                for source in sources
            }
            yield from self._left(check, gone)

    def _left(self, check: Check, gone: Mapping[str, AbstractSet[str]]) -> Iterator[Loss]:
        """What is left to sources that lost so many places of a row."""
        by_effect: dict[tuple[Effect, str], set[str]] = defaultdict(set)
        for source, places in gone.items():
            by_effect[self.land.alternative(check.row, places, source)].add(source)
        for (effect, rest), hosts in by_effect.items():
            yield Loss(effect, _server(check), tuple(sorted(hosts)), (), rest, check.purpose)

    def _left_outgoing(self, check: Check, place: str, sources: Iterable[str]) -> Loss:
        sources = sorted(sources)
        effect, rest = max(
            (self.land.alternative(check.row, {place}, source) for source in sources),
            key=lambda found: -GRAVEST.index(found[0]),
        )
        return Loss(effect, _server(check), tuple(sources), (check.subcomponent,), rest,
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
            yield from self._at_risk(item, expects)

    def _at_risk(self, item: Item, expects: Listens) -> Iterator[Loss]:
        check, place = item.check, expects.place.name
        own = (check.subcomponent,) if expects.server != check.subcomponent else ()
        sources = self.land.reached[check.row, place]
        if not sources and is_down(item):
            listening = self.land.listening[check.row]
            beside = {h: ids for h, ids in listening.items() if h not in expects.place.hosts}
            yield self._elsewhere(expects.server, beside)
            return
        served = {source for source, ids in sources.items() if self.land.replies(ids)}
        states = {source: self.land.state(ids) for source, ids in sources.items()}
        # Those whom another fault keeps from it, and those who see only that something arrives.
        lost = {
            source
            for source, state in states.items()
            if is_down(item) and not served and state != "unknown"
        }
        left = states.keys() - served - lost
        arriving = {source for source in left if states[source] == "works"}
        if lost and own:
            yield self._left_outgoing(check, place, lost)
        elif lost:
            yield from self._left(check, {source: {place} for source in lost})
        for hosts, rest in (
            (served, "still answered"),
            (arriving, "what they send still arrives"),
            (left - arriving if not served else (), "not seen whether answered"),
        ):
            if hosts:
                yield Loss("at-risk", expects.server, tuple(sorted(hosts)), own, rest,
                            check.purpose)  # fmt: skip

    def _stopped(self, cause: Sequence[Item]) -> Iterator[Loss]:
        """What only connects out, and does not run."""
        for item in cause:
            if not isinstance(item.check.expects, Runs):
                continue
            running = self.land.running[item.check.subcomponent]
            others = {host: [i] for host, i in running.items() if host != item.check.host}
            yield self._elsewhere(item.check.subcomponent, others)

    def _elsewhere(self, server: str, others: Mapping[str, Iterable[str]]) -> Loss:
        """What is left of that which no host of the plan asks for: ids of its checks by host."""
        states = {host: self.land.state(ids) for host, ids in others.items()}
        working = [host for host, state in states.items() if state == "works"]
        if working:
            return Loss("degraded", server, (), (), f"still running on {listed(working)}", "")
        unknown = [host for host, state in states.items() if state == "unknown"]
        if unknown:
            rest = f"not seen whether running on {listed(unknown)}"
            return Loss("at-risk", server, (), (), rest, "")
        return Loss("outage", server, (), (), "running nowhere else", "")

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
            for server, where in self.land.serving.items()
            if where & hosts and server not in {loss.server for loss in losses}
        )
        on = {host for server in found for host in self.land.serving[server] & hosts}
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
            for item in self.land.items.values()
            if item.path and item.path[1].name in hosts and item.verdict.verdict != "unknown"
        ]
        if towards and all(item.holds for item in towards):
            words += "; what peers ask of it is still answered"
        return Impact("unknown", words)


def _unserved(cause: Sequence[Item]) -> Iterator[Loss]:
    """What nobody serves at a virtual IP, where only its holder was looked at."""
    for item in cause:
        expects, found = item.check.expects, item.verdict.fault
        failed = item.verdict.verdict == "fail"
        if isinstance(expects, Holds) and failed and found and found.code in DOWN:
            named = {listens.server for listens in expects.listens}
            for server in sorted(named & set(found.subject[1:]) or named):
                rest = f"no other host holds {expects.place.name}"
                yield Loss("outage", server, (), (), rest, "")


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
