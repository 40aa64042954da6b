"""The rows as they hold for one site: the vendor's, with the site's overrides laid over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from pytest_portaswitch.cluster.model import Cluster, LeastGrade, Override, Question
from pytest_portaswitch.plan.check import Ports
from pytest_portaswitch.tables.ladder import Grade, lower
from pytest_portaswitch.tables.row import Row, Tables

DEVIATION = "deviates from the vendor's table: "
"""How the note of an overridden row begins."""

ASKED = "this site has asked "
"""How the note of a row begins whose services are asked another question than the usual one."""


ASKS = {"sip": "OPTIONS", "radius": "Status-Server", "smpp": "enquire_link"}
"""What is asked, by protocol, where a row says that the answer is assumed."""


class EffectiveRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row with what the site says of it."""

    row: Row
    peer_hosts: tuple[str, ...] = ()
    """Hosts that an override names as peers, beside the row's roles."""
    deviation: str = ""
    """How it departs from the vendor's table and why; empty where it does not."""
    asked: str = ""
    """That the site has another question asked than the usual one; empty where it has not."""
    lowered: str = ""
    """That the site is content with less proof than the row demands; empty where it is not."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything a reader must know about the row, oddest first."""
        return tuple(
            note
            for note in (
                *(self.deviation, self.lowered, self.asked),
                *(self.row.oddity, self._answer, self.row.assumption),
            )
            if note
        )

    @property
    def _answer(self) -> str:
        """That nobody says of the service that it answers; empty where somebody does."""
        if self.row.answer != "assumed" or self.row.least_grade != "answered":
            return ""
        less = "delivered" if self.row.transport == "udp" else "connected"
        return (
            f"no public text says that it answers {ASKS.get(self.row.protocol, 'a request')}: "
            f"where it does not, an override may say so (row: {self.row.id}, grade: {less})"
        )


def effective_rows(tables: Tables, cluster: Cluster) -> tuple[EffectiveRow, ...]:
    """Every row once, in the tables' order, with the cluster's override of it if there is one."""
    overrides = {override.row: override for override in cluster.overrides}
    return tuple(
        _asked(
            _lowered(_overridden(row, overrides.get(row.id), cluster), overrides, cluster.grade),
            cluster,
        )
        for row in tables.rows
    )


def question_of(row: Row, ports: Ports, cluster: Cluster) -> Question:
    """What the site has asked at some ports of a row; empty: the usual question.

    A login goes where logins go: of RADIUS ports to the lowest, as the others are for accounting.
    """
    question = cluster.questions.of(row.protocol)
    return "" if question == "access-request" and min(row.ports) not in ports.numbers else question


def port_role(row: Row, ports: Ports) -> Literal["", "authentication", "accounting"]:
    """What a port of a row is for. Of two RADIUS ports the lower is for logins, as above."""
    if row.protocol != "radius" or len(row.ports) != 2:
        return ""
    return "authentication" if min(row.ports) in ports.numbers else "accounting"


def _asked(effective: EffectiveRow, cluster: Cluster) -> EffectiveRow:
    """The row with what the site has asked there."""
    question = cluster.questions.of(effective.row.protocol)
    if not question:
        return effective
    row = effective.row
    where = f" on {row.transport}/{min(row.ports)}" if row.ports else ""
    note = f"{ASKED}{question}{where}: a login that is to be refused"
    return msgspec.structs.replace(effective, asked=note)


def _lowered(
    effective: EffectiveRow, overrides: Mapping[str, Override], grade: LeastGrade
) -> EffectiveRow:
    """The row as the site demands it, where that is less: of this row, or of all."""
    row = effective.row
    own = overrides.get(row.id)
    least: Grade = row.least_grade
    for less in (grade, own.grade if own else ""):
        # Nothing connects over UDP: between an answer and an arrival there is no grade.
        if less and (less, row.transport) != ("connected", "udp"):
            least = lower(least, less)
    if least == row.least_grade:
        return effective
    why = f" ({own.reason})" if own and own.grade == least else ""
    return msgspec.structs.replace(
        effective,
        row=msgspec.structs.replace(row, least_grade=least),
        lowered=f"this site demands {least} where the tables of this project demand "
        f"{row.least_grade}{why}",
    )


def _overridden(row: Row, override: Override | None, cluster: Cluster) -> EffectiveRow:
    if override is None or not override.deviates:
        return EffectiveRow(row=row)
    roles, hosts = row.peers, tuple[str, ...]()
    if override.peers is not None:
        roles = tuple(peer for peer in override.peers if peer not in cluster.hosts)
        hosts = tuple(peer for peer in override.peers if peer in cluster.hosts)
    changed = msgspec.structs.replace(
        row,
        transport=override.transport or row.transport or ("tcp" if override.ports else None),
        ports=override.ports or row.ports,
        demand="all" if override.ports else row.demand,
        protocol=override.protocol or row.protocol,
        direction=override.direction or row.direction,
        connection=override.connection or row.connection,
        peers=roles,
        confidence="site",
    )
    return EffectiveRow(
        row=changed, peer_hosts=hosts, deviation=_deviation(row, changed, hosts, override)
    )


def _deviation(vendor: Row, site: Row, hosts: tuple[str, ...], override: Override) -> str:
    changes = [
        f"{name} {_words(before)} -> {_words(after)}"
        for name, before, after in (
            ("transport", vendor.transport, site.transport),
            ("port", vendor.ports, site.ports),
            ("protocol", vendor.protocol, site.protocol),
            ("direction", vendor.direction, site.direction),
            ("connection", vendor.connection, site.connection),
            ("peers", vendor.peers, site.peers + hosts),
        )
        if before != after
    ]
    what = "; ".join(changes) or "nothing changed"
    return f"{DEVIATION}{what} ({override.reason})"


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return "/".join(str(part) for part in value) or "none"
    return str(value) if value else "none"
