"""The checks of a row that speaks of a subcomponent: listener, process, reachability."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.cluster.model import Cluster, Host
from pytest_portaswitch.plan.check import (
    CannotAssess,
    Check,
    Expectation,
    HoldsConnection,
    Kind,
    Listens,
    Place,
    Ports,
    Presents,
    Reaches,
    Runs,
)
from pytest_portaswitch.plan.effective import EffectiveRow, port_role, question_of
from pytest_portaswitch.plan.places import hosts_running, hosts_with, listening_places
from pytest_portaswitch.plan.sample import sample
from pytest_portaswitch.tables.row import ProcessPattern, Row, Tables


def checks_of_row(effective: EffectiveRow, tables: Tables, cluster: Cluster) -> Iterator[Check]:
    """All checks that one row yields in this cluster; none where its roles have no host."""
    yield from _RowExpansion(effective, tables, cluster).checks()


class _RowExpansion:
    def __init__(self, effective: EffectiveRow, tables: Tables, cluster: Cluster) -> None:
        self.effective = effective
        self.row: Row = effective.row
        self.cluster = cluster
        self.subcomponent = tables.subcomponents[self.row.subcomponent]
        own = (row for row in tables.rows if row.subcomponent == self.row.subcomponent)
        self.has_ports = any(row.ports for row in own)
        self.own_hosts = hosts_running(cluster, self.subcomponent)
        self.outgoing = self.row.direction == "outgoing"
        # An outgoing row may name what serves on the other side; nobody can name that of others.
        server = tables.subcomponents.get(self.row.serves) if self.outgoing else self.subcomponent
        self.server = server
        self.server_title = server.title if server else "the peer"
        self.holds = self.row.connection if self.outgoing and self.row.transport != "udp" else ""

    def checks(self) -> Iterator[Check]:
        if not self.row.ports:
            yield from self._without_port()
            return
        if self.outgoing:
            for host in self.own_hosts:
                yield self._runs(host)
        for place in self._served_places():
            if self._is_foreign_database(place):
                yield from self._out_of_scope(place)
            else:
                yield from self._of_place(place)

    def _without_port(self) -> Iterator[Check]:
        reason = CannotAssess(
            why="the vendor's table gives no port for this row",
            fix=f"an override of {self.row.id} in the cluster file may give one",
        )
        for host in self.own_hosts:
            if not self.has_ports:  # nothing else says whether it runs
                yield self._runs(host)
            yield self._check("reachability", host.name, None, "no-port", reason)

    def _of_place(self, place: Place) -> Iterator[Check]:
        sources = self._sources(place)
        for ports in self._ports(place):
            if self.server is not None:
                yield self._listens(place, ports)
            for source in sources:
                yield self._reaches(source, place, ports)
            if ports.transport == "tls":
                yield self._presents(sources, place, ports)
        for source in sources if self.holds else ():
            yield self._holds_connection(source, place)

    def _is_foreign_database(self, place: Place) -> bool:
        engines = {self.cluster.hosts[name].database for name in place.hosts}
        return self.row.protocol == "mysql" and engines != {"mysql"}

    def _out_of_scope(self, place: Place) -> Iterator[Check]:
        engine = self.cluster.hosts[place.hosts[0]].database
        reason = CannotAssess(
            why=f"the cluster file declares the database of {place.name} as {engine}, "
            "which is out of scope",
            fix="check the database's own listener by hand",
        )
        for source in self._sources(place):
            yield self._check("reachability", source, place.name, engine, reason)

    def _peer_hosts(self) -> tuple[Host, ...]:
        named = set(self.effective.peer_hosts)
        by_role = {host.name for host in hosts_with(self.cluster, self.row.peers)}
        return tuple(h for h in self.cluster.hosts.values() if h.name in named | by_role)

    def _served_places(self) -> tuple[Place, ...]:
        if not self.outgoing:
            return listening_places(self.cluster, self.subcomponent.id, self.own_hosts)
        if not self.own_hosts:
            return ()
        served = self.server.id if self.server else ""
        without = self.cluster.hosts_without(served)
        peers = (host for host in self._peer_hosts() if host.name not in without)
        return listening_places(self.cluster, served, peers)

    def _sources(self, place: Place) -> tuple[str, ...]:
        hosts = self.own_hosts if self.outgoing else self._peer_hosts()
        # A role that interacts with its own kind means the other nodes; behind a virtual IP all
        # members are one node.
        others_only = place.virtual or set(self.row.peers) & set(self.subcomponent.roles)
        return tuple(h.name for h in hosts if not (others_only and h.name in place.hosts))

    def _ports(self, place: Place) -> Iterator[Ports]:
        transport = self.row.transport or "tcp"
        pinned = self._pinned(place)
        if pinned or self.row.demand == "all":
            for number in pinned or self.row.ports:
                yield Ports(transport=transport, numbers=(number,))
        else:
            yield Ports(transport=transport, numbers=self.row.ports, demand=self.row.demand)

    def _pinned(self, place: Place) -> tuple[int, ...]:
        if self.row.protocol != "mysql" or self.row.demand != "one":
            return ()
        return next((pins for name in place.hosts if (pins := self.cluster.hosts[name].mysql)), ())

    def _pattern(self) -> ProcessPattern:
        server = self.server or self.subcomponent
        return self.cluster.processes.get(server.id, server.process)

    def _own_pattern(self) -> ProcessPattern:
        return self.cluster.processes.get(self.subcomponent.id, self.subcomponent.process)

    def _runs(self, host: Host) -> Check:
        return Check(
            id=f"process:{host.name}:{self.subcomponent.id}",
            kind="process",
            row=self.row.id,
            host=host.name,
            subcomponent=self.subcomponent.id,
            title=f"{self.subcomponent.title} runs on {host.name}",
            purpose=self.row.purpose,
            confidence=self.row.confidence,
            notes=self.effective.notes,
            expects=Runs(host=host.name, process=self._own_pattern()),
        )

    def _who(self) -> tuple[str, str]:
        """What serves, as ids name it, and for whom, in words."""
        if self.outgoing and self.server:
            who = f"{self.server.id}-for-{self.subcomponent.id}"
            return who, f", for {self.subcomponent.title}"
        return self.subcomponent.id, ""

    def _listens(self, place: Place, ports: Ports) -> Check:
        who, purpose = self._who()
        where = f"virtual IP {place.name}" if place.virtual else place.name
        return self._check(
            "listener",
            place.name,
            None,
            ports.label,
            Listens(
                place=place,
                ports=ports,
                server=(self.server or self.subcomponent).id,
                process=self._pattern(),
            ),
            who=who,
            title=f"{self.server_title} listens on {ports.words} of {where}{purpose}",
            ports=ports,
        )

    def _reaches(self, source: str, place: Place, ports: Ports) -> Check:
        if self.outgoing:
            host, peer = source, place.name
            title = (
                f"{self.subcomponent.title} on {source} reaches {self.server_title} "
                f"on {place.name} at {ports.words}"
            )
        else:
            host, peer = place.name, source
            title = f"{self.subcomponent.title} on {place.name} is reached from {source} "
            title += f"on {ports.words}"
        is_range = ports.demand == "range"
        ends = (ports.numbers[0], ports.numbers[-1])
        seed = f"{self.cluster.name} {self.row.id} {source} {place.name}"
        return self._check(
            "port-range" if is_range else "reachability",
            host,
            peer,
            ports.label,
            Reaches(
                source=source,
                destination=place,
                ports=ports,
                protocol=self.row.protocol,
                least_grade=self.row.least_grade,
                server=self.server.id if self.server else "",
                sample=sample(*ends, self.row.sample, seed) if is_range else (),
                client=self._own_pattern() if self.holds else None,
                question=question_of(self.row, ports, self.cluster),
                port_role=port_role(self.row, ports),
            ),
            title=title,
            ports=ports,
        )

    def _holds_connection(self, source: str, place: Place) -> Check:
        each = tuple(self._ports(place))
        numbers = tuple(number for ports in each for number in ports.numbers)
        ports = Ports(
            transport=each[0].transport,
            numbers=numbers,
            demand="one" if len(numbers) > 1 else each[0].demand,
        )
        hosts = self.cluster.hosts
        places = self._served_places()
        return self._check(
            "connection",
            source,
            place.name,
            ports.label,
            HoldsConnection(
                source=source,
                address=hosts[source].private,
                destination=place,
                ports=ports,
                process=self._own_pattern(),
                demanded=self.holds == "demanded",
                astray=tuple(a for name in place.hosts if (a := hosts[name].public)),
                behind=tuple(hosts[n].private for n in place.hosts) if place.virtual else (),
                instead=tuple(other for other in places if other != place),
            ),
            title=f"{self.subcomponent.title} on {source} is connected to {self.server_title} on "
            f"{place.name} over the private network",
            ports=ports,
        )

    def _presents(self, sources: tuple[str, ...], place: Place, ports: Ports) -> Check:
        who, purpose = self._who()
        server = self.server.id if self.server else ""
        tls = self.cluster.tls
        name = tls.name(server or self.subcomponent.id, place.name)
        where = f"virtual IP {place.name}" if place.virtual else place.name
        return self._check(
            "tls",
            place.name,
            None,
            ports.label,
            Presents(
                sources=sources,
                destination=place,
                ports=ports,
                protocol=self.row.protocol,
                server=server,
                name=name,
                authorities=tls.authorities,
                warn_days=tls.warn_days,
            ),
            who=who,
            title=f"{self.server_title} on {where} shows a valid certificate on {ports.words}"
            f"{f' for {name}' if name else ''}{purpose}",
            ports=ports,
        )

    def _check(
        self,
        kind: Kind,
        host: str,
        peer: str | None,
        label: str,
        expects: Expectation,
        *,
        who: str = "",
        title: str = "",
        ports: Ports | None = None,
    ) -> Check:
        parts = [kind, host, *([peer] if peer else []), who or self.subcomponent.id, label]
        return Check(
            id=":".join(parts),
            kind=kind,
            row=self.row.id,
            host=host,
            peer=peer,
            subcomponent=self.subcomponent.id,
            transport=ports.transport if ports else self.row.transport,
            port=ports.numbers[0] if ports else None,
            title=title or f"{self.subcomponent.title} on {host} and its peers meet",
            purpose=self.row.purpose,
            confidence=self.row.confidence,
            notes=self.effective.notes,
            expects=expects,
        )
