"""The rows as they hold for one site: the vendor's, with the site's overrides laid over."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.cluster.model import Cluster, Override
from pytest_portaswitch.tables.row import Row, Tables

DEVIATION = "deviates from the vendor's table: "
"""How the note of an overridden row begins."""


class EffectiveRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row with what the site says of it."""

    row: Row
    peer_hosts: tuple[str, ...] = ()
    """Hosts that an override names as peers, beside the row's roles."""
    deviation: str = ""
    """How it departs from the vendor's table and why; empty where it does not."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything a reader must know about the row, oddest first."""
        return tuple(
            note for note in (self.deviation, self.row.oddity, self.row.assumption) if note
        )


def effective_rows(tables: Tables, cluster: Cluster) -> tuple[EffectiveRow, ...]:
    """Every row once, in the tables' order, with the cluster's override of it if there is one."""
    overrides = {override.row: override for override in cluster.overrides}
    return tuple(_overridden(row, overrides.get(row.id), cluster) for row in tables.rows)


def _overridden(row: Row, override: Override | None, cluster: Cluster) -> EffectiveRow:
    if override is None:
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
