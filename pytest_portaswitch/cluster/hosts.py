"""The ``hosts`` of a cluster file."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec

from pytest_portaswitch.cluster import login, words
from pytest_portaswitch.cluster.addresses import Addresses
from pytest_portaswitch.cluster.model import Database, Host, Login
from pytest_portaswitch.source import Section, Value
from pytest_portaswitch.source.scalar import choice, listing
from pytest_portaswitch.source.tree import Mapping, Scalar
from pytest_portaswitch.tables.ports import read_ports
from pytest_portaswitch.tables.row import Tables

MOST = 10_000
"""Hosts of one cluster."""

UNKNOWN = "unknown"
"""What a draft says of a host's roles or private address where somebody has to fill them in."""

MYSQL = "mysql-server"
"""The subcomponent whose roles make a host a DB host."""

database = choice(get_args(Database), "a database that DB servers run")


class Surroundings(msgspec.Struct, frozen=True):
    """What the rest of the cluster file says that bears on each host."""

    tables: Tables | None
    """None: they could not be read, so roles are not looked up."""
    addresses: Addresses
    ssh: Login
    database: str
    folder: Path


def read(value: Value, around: Surroundings) -> dict[str, Host]:
    """Hosts by name; those that were refused are there too, as far as they could be read."""
    entries = value.entries("a mapping of hosts")
    if entries is not None and not entries:
        value.refuse("must have at least one host")
    if entries is not None and len(entries) > MOST:
        value.refuse(f"has {len(entries)} hosts, more than {MOST}", "divide the cluster")
        entries = {}
    hosts = {}
    for name, entry in (entries or {}).items():
        if not words.is_host_name(name):
            value.refuse_key(name, words.HOST_RULE)
        hosts[name] = _host(name, entry, value.key_line(name), around)
    return hosts


def undescribed(value: Value) -> tuple[str, ...]:
    """The hosts of which the file says that their private address is unknown."""
    entries = value.entries() or {} if isinstance(value.node, Mapping) else {}
    return tuple(name for name, entry in entries.items() if _is_unknown(entry, "private"))


def _is_unknown(entry: Value, key: str) -> bool:
    node = entry.node.entries.get(key) if isinstance(entry.node, Mapping) else None
    return isinstance(node, Scalar) and node.text == UNKNOWN


def _host(name: str, value: Value, line: int, around: Surroundings) -> Host:
    optional = ("public", "mysql", "database", "ssh", "address", "connection")
    section = value.section(("private", "roles"), optional)
    if section is None:
        return Host(name=name, private="", roles=(), login=around.ssh, line=line)
    known = None if around.tables is None else around.tables.roles
    role = listing(choice(known, "a role of the tables"), "roles")
    roles = () if _is_unknown(value, "roles") else section.read("roles", role, ())
    if _is_unknown(value, "private"):
        section.entries.pop("private")
    host = {
        "name": name,
        "private": around.addresses.read(section, "private"),
        "public": around.addresses.read(section, "public"),
        "roles": roles,
        "mysql": _mysql(section),
        "database": section.read("database", database, around.database),
        "login": _login(name, section, around),
        "line": line,
    }
    _database_keys(section, host["database"], roles, around.tables)
    return msgspec.convert(host, Host)


def _mysql(section: Section) -> tuple[int, ...]:
    value = section.get("mysql")
    if value is None:
        return ()
    ports = read_ports(value)
    if ports is not None and ports.range:
        value.refuse("must be a port or a list of ports")
    return () if ports is None else ports.numbers


def _database_keys(
    section: Section, engine: object, roles: tuple[str, ...], tables: Tables | None
) -> None:
    if tables is None or not roles:
        return
    holders = tables.subcomponents[MYSQL].roles
    for key in ("mysql", "database"):
        value = section.get(key)
        if value is not None and not set(roles) & set(holders):
            value.refuse("stands on a host that is no DB server", f"roles: {holders[0]}")
    value = section.get("mysql")
    if value is not None and engine != "mysql":
        value.refuse(f"is a MySQL port on a host whose database is {engine}")


def _login(name: str, section: Section, around: Surroundings) -> Login:
    value = section.get("ssh")
    settings = login.read(value, around.ssh, around.folder) if value else around.ssh
    private = section.get("private")
    default = name if settings.config or private is None else private.raw
    return msgspec.structs.replace(
        settings,
        connection=section.read("connection", words.connection, "ssh"),
        address=section.read("address", words.host_name, default),
    )
