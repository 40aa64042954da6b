"""Does a DB server that others write to take writes? By its own word, never by trying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from pytest_portaswitch.facts.database import Database
from pytest_portaswitch.facts.model import Disk, HostFacts
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Reaches
from pytest_portaswitch.text.command import on, shell

_OFF = frozenset({"OFF", "0", ""})

_REFUSING: Mapping[str, str] = {
    "super_read_only": "no account may write",
    "innodb_read_only": "no InnoDB table can be written",
    "read_only": "only accounts with SUPER, CONNECTION_ADMIN or READ_ONLY ADMIN may write",
    "transaction_read_only": "a session may write only after it turned that off",
    "tx_read_only": "a session may write only after it turned that off",
}
"""Variables that keep a server from taking writes, the gravest first."""


_BY_HAND = "SHOW GLOBAL VARIABLES LIKE '%read_only'; SELECT @@datadir"


def considered(expects: Reaches, verdict: Verdict, facts: Facts) -> Verdict:
    """The verdict on a probe of a server that is written to, with a warning where it refuses that.

    Nothing is said where nobody could ask it, nor where another server that is written to in its
    place takes writes: then this one may stand by.
    """
    writes, place = expects.writes, expects.destination
    if writes is None or verdict.verdict != "pass":
        return verdict
    asked = _asked(facts, (place.address,), expects)
    refusals = [why for database in asked if (why := _refusal(database, expects, facts))]
    if not refusals or len(refusals) < len(asked):
        return verdict
    port = asked[0].key.rpartition(":")[2]
    login = ("-h", place.address, "-P", port, "-u", writes.account, "-p")
    if any(not _refusing(other) for other in _asked(facts, writes.others, expects)):
        return verdict
    line = f"{place.name} takes no writes, though others write to it: {refusals[0]}"
    words = f"{place.name} takes no writes: {refusals[0]}"
    return msgspec.structs.replace(
        verdict,
        warnings=(*verdict.warnings, line),
        fault=verdict.fault or fault("takes-no-writes", place.name, detail=words),
        reproduce=on(writes.source, shell("mysql", *login, "-e", _BY_HAND), asks=True),
    )


def _asked(facts: Facts, addresses: tuple[str, ...], expects: Reaches) -> list[Database]:
    keys = {f"mysql:{at}:{number}" for at in addresses for number in expects.ports.numbers}
    return [
        database
        for _, host in sorted(facts.items())
        if isinstance(host, HostFacts)
        for database in host.databases
        if database.key in keys and not database.trouble and database.variables
    ]


def _refusing(database: Database) -> str:
    for name, means in _REFUSING.items():
        if database.variables.get(name, "").upper() not in _OFF:
            return f"{name} is {database.variables[name]}, so that {means}"
    return ""


def _refusal(database: Database, expects: Reaches, facts: Facts) -> str:
    """Why it takes none; empty where it does, or nothing is known against it."""
    if why := _refusing(database):
        return why
    folder = database.variables.get("datadir", "").rstrip("/") + "/"
    if len(folder) < 2:
        return ""
    for host in _serving(expects, facts):
        under = [disk for disk in host.disks if folder.startswith(_with_slash(disk))]
        disk = max(under, key=lambda one: len(one.folder), default=None)
        if disk is not None and disk.free == 0:
            return f"no space is left on {disk.folder}, where its data lies"
    return ""


def _with_slash(disk: Disk) -> str:
    return disk.folder.rstrip("/") + "/"


def _serving(expects: Reaches, facts: Facts) -> Iterator[HostFacts]:
    place = expects.destination
    for name in place.hosts:
        host = facts.get(name)
        if isinstance(host, HostFacts) and (not place.virtual or addressing.is_at(host, place)):
            yield host
