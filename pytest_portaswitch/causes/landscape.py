"""Who depends on whom, and whether it works: the planned checks with what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from pytest_portaswitch.causes.cause import Effect
from pytest_portaswitch.causes.ends import REPLIED, is_down
from pytest_portaswitch.causes.item import Item, listed
from pytest_portaswitch.causes.loss import conjugated
from pytest_portaswitch.plan.check import Check, Listens, Reaches, Runs


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
        self.listeners: dict[tuple[str, str], list[str]] = defaultdict(list)
        """Row and place: ids of the listener checks."""
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
            self.listeners[check.row, expects.place.name].append(check.id)
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

    def replies(self, ids: Iterable[str]) -> bool:
        """Whether all pass by more than that something arrives."""
        verdicts = [self.items[i].verdict if i in self.items else None for i in ids]
        return all(v and v.verdict == "pass" and v.grade in REPLIED for v in verdicts)

    def serves(self, row: str, place: str, source: str) -> str:
        """The state of a place for one source; what no probe tells, who listens there does."""
        ids = self.reaching[row, source][place]
        state, at = self.state(ids), self.listeners[row, place]
        if not at or self.replies(ids):
            return state
        if state == "works":
            # By what arrives there only.
            down = any(is_down(self.items[i]) for i in at if i in self.items)
            return "fails" if down else "unknown" if self.state(at) == "unknown" else state
        tried = any(self.items[i].verdict.grade for i in ids if i in self.items)
        # A source that could try nothing says nothing of the place.
        return self.state(at) if state == "fails" and not tried else state

    def alternative(self, row: str, lost: AbstractSet[str], source: str) -> tuple[Effect, str]:
        """What is left to a source that does not reach the ``lost`` places of a row."""
        places = self.reaching[row, source].keys() - lost
        states = {other: self.serves(row, other, source) for other in places}
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
            for other in self.reached[row, place]
            if self._twins(source, other) and self.serves(row, place, other) == "works"
        )
        if others:
            return "degraded", f"{listed(others)} still {conjugated(others, 'reach', 'es')} it"
        return "outage", "nothing else serves it" if not states else (
            f"{listed(states)} {conjugated(list(states), 'fail')} as well"
        )

    def _twins(self, one: str, other: str) -> bool:
        return one != other and bool(self.does[one]) and self.does[one] == self.does[other]
