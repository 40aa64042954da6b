"""Which fault explains a check: its own, or one that was found elsewhere.

A service that is down is seen by its listener and by every peer; a host that is down by all that
probe it. The peers' checks go to the fault at the destination when that fault would make a probe
end as theirs did. A probe that it would not (packets vanish, where nobody listening means a
refusal) is left to ``paths``, because then a second thing is broken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pytest_portaswitch.causes.cutoff import cut_off
from pytest_portaswitch.causes.degraded import behind
from pytest_portaswitch.causes.ends import ENDS, SERVED, UNINFORMATIVE
from pytest_portaswitch.causes.item import Item, Port
from pytest_portaswitch.causes.kinds import LOGIN, LOGIN_SETTINGS, UNSEEN
from pytest_portaswitch.causes.misrouted import misrouted
from pytest_portaswitch.causes.mistaken import mistaken
from pytest_portaswitch.causes.severed import severed
from pytest_portaswitch.causes.unanswered import SILENCES, unanswered
from pytest_portaswitch.causes.unsound import consequence, unsound
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.shared_login import shared_failures
from pytest_portaswitch.plan.check import (
    HoldsConnection,
    Listens,
    Place,
    Reaches,
    RefusesWrites,
    UsesPrivate,
)

EXPLAINS: Mapping[str, frozenset[str]] = {
    "not-running": frozenset({"refused"}),
    "not-listening": frozenset({"refused"}),
    "wrong-address": frozenset({"refused"}),
    "frozen": SERVED,
    "hung": frozenset({"silent", "connected"}),
    "port-taken": SERVED,
}
"""The grades at which peers end because of a fault of the listener."""

MYSQL = "mysql-server"
"""What the tables call the database's server."""

ANY_GRADE = frozenset({"virtual-ip-nowhere", "virtual-ip-twice", "virtual-ip-astray"})
"""With these, some or all packets go nowhere, or to the wrong host."""


class Attribution:
    """The fault of each check that does not pass, where no path has to be looked at."""

    def __init__(
        self,
        items: Sequence[Item],
        facts: Mapping[str, Observation],
        logins: Mapping[str, Login],
    ) -> None:
        self.items = items
        self.facts = facts
        self.shared = {
            host: failure for failure in shared_failures(facts, logins) for host in failure.hosts
        }
        self.listeners: dict[Port, Fault] = {}
        self.places = {i.path[1].name: i.path[1] for i in items if i.path}
        self.sent: dict[Port, list[Item]] = defaultdict(list)
        self.failing: dict[tuple[str, str, str], Item] = {}
        self._index()
        self.cut_off = cut_off(items, facts)
        self.twice = _held_twice(items, facts)
        self.mistaken = mistaken(items, facts)
        self.misrouted = misrouted(items, facts)
        self.unanswered = unanswered(items, facts)
        self.dropped = {
            (item.path[0], item.path[1].name)
            for item in items
            if item.path and item.code in ("dropped", "lost-on-the-way")
        }
        self.unsound = unsound(items, self._holders())
        self.severed = severed(
            items, self._holders(), lambda i: self._elsewhere(i) is not None, self._is_of_the_path
        )

    def fault_of(self, item: Item) -> Fault | None:
        """What explains it; None: the path between two hosts does."""
        if meant := self.mistaken.explains(item):
            return meant
        found = self._fault_of(item)
        if found is None or not found.subject or found.code not in LOGIN:
            return found
        host = found.subject[0]
        failure = self.shared.get(host)
        # Where nothing reaches a host, it is more than the way in which the audit logs in.
        if failure is None or (found.code in UNSEEN and host in self.cut_off):
            return found
        return fault(LOGIN_SETTINGS, failure.why, failure.hosts[0], detail=failure.title())

    def _fault_of(self, item: Item) -> Fault | None:
        if item.verdict.fault is None:
            return by_words(item)
        own = behind(item.verdict.fault, self.facts)
        together = self.unsound.get((own.code, own.subject))
        if together := together or consequence(item, self.unsound.values()):
            return together
        if own.code == "replication-stopped":
            return self._of_source(own) or own
        if not item.holds and (wrong := self.misrouted.explains(item, self._others_hold(item))):
            return wrong
        if item.holds or item.path is None:
            return own
        return self._of_path(item, item.path, own)

    def _of_path(self, item: Item, path: tuple[str, Place], own: Fault) -> Fault | None:
        """What explains that a probe did not come through; None: the path does."""
        for name in (path[1].name, path[0]):
            # Whatever became of it: the other host may have answered.
            if name in self.twice and (own.code in ENDS or name == path[1].name):
                return self.twice[name]
        if own.code not in ENDS:
            return own
        if elsewhere := self._elsewhere(item):
            return elsewhere
        pair = path[0], path[1].name
        if forbidding := self.severed.own_firewall(pair):
            return forbidding
        if pair in self.severed.edges and (
            item.code not in UNINFORMATIVE or self._others_hold(item)
        ):
            return None
        if self._is_of_the_path(item):
            return None
        return self.unanswered.get(own.subject, own) if own.code in SILENCES else own

    def followed(self, item: Item) -> Item | None:
        """The failing probe whose cause is that of an item too: who cannot connect holds none."""
        expects = item.check.expects
        if item.code == "replication-stopped" and item.verdict.fault:
            return self._unreached_source(item.verdict.fault)
        if not item.follows or not isinstance(expects, (HoldsConnection, RefusesWrites)):
            return None
        return self.failing.get((item.check.row, expects.source, expects.destination.name))

    def _elsewhere(self, item: Item) -> Fault | None:
        """A host to or from which nothing goes, or the listener, where they explain it."""
        if item.path is None:
            return None
        if meant := self.mistaken.explains(item):
            return meant
        source, place = item.path
        for host in (place.name, source):
            if host in self.cut_off:
                return self.cut_off[host]
        listener = next((self.listeners[p] for p in item.ports if p in self.listeners), None)
        if listener is not None and self._explains(listener, item):
            return listener
        return self.misrouted.explains(item, self._others_hold(item))

    def _holders(self) -> dict[str, str]:
        """The host behind each virtual IP, of those that were seen."""
        return {
            place.name: host.host
            for place in self.places.values()
            if place.virtual
            for host in map(self.facts.get, place.hosts)
            if isinstance(host, HostFacts) and addressing.uses(host, place.address)
        }

    def _of_source(self, stopped: Fault) -> Fault | None:
        """What is wrong with the server that a replica is no longer connected to."""
        for place in self._sources_of(stopped):
            for found in (self.cut_off, self.twice):
                if place.name in found:
                    return found[place.name]
            down = [f for p, f in self.listeners.items() if p[0] == place.name and p[1] == "tcp"]
            if server := next((f for f in down if f.subject[1:] == (MYSQL,)), None):
                return server
        return None

    def _unreached_source(self, stopped: Fault) -> Item | None:
        """A probe of the server that a replica is not connected to, where none comes through."""
        names = {place.name for place in self._sources_of(stopped)}
        probes = [
            item
            for item in self.items
            if isinstance(item.check.expects, Reaches)
            and item.check.expects.server == MYSQL
            and item.check.expects.destination.name in names
        ]
        failing = [item for item in probes if item.verdict.verdict in ("fail", "waived")]
        return failing[0] if failing and not any(item.holds for item in probes) else None

    def _sources_of(self, stopped: Fault) -> Iterator[Place]:
        """Where the server is to be found that a replica calls its source, by name or address."""
        source = stopped.detail.rpartition(":")[0].strip("[]")
        for place in self.places.values():
            hosts = [h for h in map(self.facts.get, place.hosts) if isinstance(h, HostFacts)]
            at = [h for h in hosts if not place.virtual or addressing.uses(h, place.address)]
            named = {place.name, place.address, *(name for h in at for name in names_of(h))}
            if source and source.lower() in {name.lower() for name in named}:
                yield place

    def _index(self) -> None:
        for item in self.items:
            expects = item.check.expects
            if isinstance(expects, Reaches) and item.verdict.verdict in ("fail", "waived"):
                row = (item.check.row, expects.source, expects.destination.name)
                self.failing.setdefault(row, item)
            if isinstance(expects, Listens) and item.verdict.verdict in ("fail", "waived"):
                for port in item.ports:
                    if item.verdict.fault:
                        self.listeners.setdefault(port, item.verdict.fault)
            elif isinstance(expects, Reaches) and (item.holds or item.code in ENDS):
                for port in item.ports:
                    self.sent[port].append(item)

    def _explains(self, listener: Fault, item: Item) -> bool:
        if listener.code in ANY_GRADE:
            return True
        if item.code == "lost-on-the-way":
            # What does not even arrive is not the service's doing.
            return False
        expected = EXPLAINS.get(listener.code)
        if expected is None or item.verdict.grade in expected:
            return True
        udp = item.ports[0][1] == "udp"
        if expected is SERVED and item.verdict.grade == "refused":
            return False
        if udp and item.verdict.grade in ("silent", "delivered"):
            # A kernel limits how often it says that nobody listens.
            return True
        if expected is not SERVED and not udp:
            # A port where nobody listens refuses TCP: silence has a cause of its own.
            return False
        siblings = {i.verdict.grade for port in item.ports for i in self.sent[port]}
        return not siblings & expected

    def _is_of_the_path(self, item: Item) -> bool:
        """Whether it is about two hosts, rather than about the service."""
        if item.code in ("dropped", "rejected", "no-path", "no-echo", "lost-on-the-way"):
            return True
        if (
            item.code == "silent"
            and item.path
            and ((item.path[0], item.path[1].name) in self.dropped)
        ):
            return True
        if item.code in ("silent", "mute", "ignored", "undecided"):
            return self._others_hold(item)
        # Nobody listens, or the process is stopped, and yet this one did not end as the others.
        usual = {"nothing-listens": frozenset({"refused"}), "frozen": SERVED}.get(item.code)
        if usual is None or item.verdict.grade in usual:
            return False
        if not item.ports or item.ports[0][1] == "udp":
            return False
        if item.code == "nothing-listens" and any(p in self.listeners for p in item.ports):
            # The listener is named already.
            return True
        others = [i for port in item.ports for i in self.sent[port] if i is not item]
        return any(other.verdict.grade in usual for other in others)

    def _others_hold(self, item: Item) -> bool:
        return any(i.holds for port in item.ports for i in self.sent[port] if i is not item)


def _held_twice(items: Sequence[Item], facts: Mapping[str, Observation]) -> dict[str, Fault]:
    """The hosts whose private address another host has as well."""
    addresses = {i.path[1].name: i.path[1].address for i in items if i.path}
    for item in items:
        if isinstance(item.check.expects, UsesPrivate):
            addresses[item.check.expects.host] = item.check.expects.address
    found = {
        name: addressing.held_twice(address, name, facts) for name, address in addresses.items()
    }
    return {name: twice for name, twice in found.items() if twice is not None}


def names_of(host: HostFacts) -> set[str]:
    """What others may call a host: its own name, whole and short, and its addresses."""
    held = {words.partition("/")[0] for one in host.interfaces for words in one.addresses}
    return {host.hostname, host.hostname.partition(".")[0], *held} - {""}


def by_words(item: Item) -> Fault:
    """The fault of a check of which there are only words."""
    words = item.verdict.warnings[0] if item.warns else item.verdict.cause
    return fault("other", words or item.verdict.observed)
