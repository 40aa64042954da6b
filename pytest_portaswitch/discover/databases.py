"""Which DB server is the main one and which follow it, by whose is connected to whose. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pytest_portaswitch.cluster.hosts import MYSQL
from pytest_portaswitch.discover.roles import Proposal, Roles
from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.judge import seen as facts_of
from pytest_portaswitch.source.bounded_regex import Undecided
from pytest_portaswitch.tables import Tables

MAIN_DB, REPLICA_DB = DB_ROLES = ("main-db", "replica-db")
"""A cluster has one main DB server. Its Configuration server has a MySQL server of its own."""


def by_replication(
    seen: Sequence[Observation],
    addresses: Sequence[Collection[str]],
    roles: Sequence[Roles],
    tables: Tables,
) -> list[Roles]:
    """The roles of the hosts, in which a DB server that is connected to another one follows it.

    Ports do not tell: the tables give both to both. Nor need a name: a proxy may hold the port of
    the one that others follow. ``addresses``: those that each host is known by.
    """
    at = {address: number for number, own in enumerate(addresses) for address in own if address}
    ports = [_ports(one) for one in roles]
    links = {
        (number, at[connection.remote])
        for number, one in enumerate(seen)
        if isinstance(one, HostFacts) and (pids := _servers(one, tables))
        for connection in one.connections
        if connection.remote in at
        and pids & {*(connection.pids or ())}
        and connection.remote_port in ports[at[connection.remote]]
    }
    # Where each follows the other, as with two mains, nothing follows.
    links = {(one, other) for one, other in links if one != other and (other, one) not in links}
    found = list(roles)
    for number in {other for _, other in links}:
        found[number] = _as(MAIN_DB, "the MySQL server of another host follows it", roles[number])
    for number in {one for one, _ in links}:
        why = "its MySQL server is connected to that of another host"
        found[number] = _as(REPLICA_DB, why, roles[number])
    return found


def _servers(facts: HostFacts, tables: Tables) -> set[int]:
    try:
        pattern = tables.subcomponents[MYSQL].process
        return {process.pid for process in facts_of.processes_matching(facts, pattern)}
    except Undecided:
        return set()


def _ports(roles: Roles) -> set[int]:
    signs = (sign for one in (*roles.proposed, *roles.traces) for sign in one.signs)
    return {sign.socket.port for sign in signs if sign.socket and sign.subcomponent == MYSQL}


def _as(role: str, why: str, roles: Roles) -> Roles:
    """The roles with this one for those of DB servers, unless somebody said which it is."""
    mine = [one for one in (*roles.proposed, *roles.traces) if one.role in DB_ROLES]
    if not mine or any(one.told for one in mine):
        return roles
    proposed = tuple(one for one in roles.proposed if one.role not in DB_ROLES)
    traces = tuple(one for one in roles.traces if one.role not in DB_ROLES)
    signs = tuple(
        replace(sign, guess="")
        for sign in dict.fromkeys(sign for one in mine for sign in one.signs)
    )
    return Roles((Proposal(role, signs, why), *proposed), traces)
