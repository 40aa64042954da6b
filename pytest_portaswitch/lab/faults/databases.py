"""Faults of the databases that their own clients meet."""

from __future__ import annotations

import shlex
import struct

from pytest_portaswitch.lab import control
from pytest_portaswitch.lab.daemons import mariadb
from pytest_portaswitch.lab.daemons.ask import over_tcp
from pytest_portaswitch.lab.faults.fault import Breaking, Fault, daemon_of
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.processes import wait_until

_NOT_ALLOWED, _BLOCKED, _TOO_MANY = 1130, 1129, 1040
_FEWEST = 10  # connections; MariaDB accepts no lower limit
_NOWHERE = "refused.invalid"
_LIMIT = 15.0


def _refuse_host(breaking: Breaking) -> None:
    database, server, client = _database_and_client(breaking)
    found = mariadb.query(database, server,
                          f"SELECT User FROM mysql.user WHERE Host='{client.name}'")  # noqa: S608 # fmt: skip
    users = found.split()
    if not users:
        raise LabProblem(f"{database} has no account for {client.name}")
    here = [f"RENAME USER '{user}'@'{client.name}' TO '{user}'@'{client.name}.{_NOWHERE}'"
            for user in users]  # fmt: skip
    back = [f"RENAME USER '{user}'@'{client.name}.{_NOWHERE}' TO '{user}'@'{client.name}'"
            for user in users]  # fmt: skip
    _sql_later(breaking, database, back)
    _sql(database, server, here)
    if breaking.option("kill") == "yes":
        _close_connections(database, server, client)
    _await_greeting(database, client, _NOT_ALLOWED)


def _block_host(breaking: Breaking) -> None:
    database, server, client = _database_and_client(breaking)
    limit = int(mariadb.query(database, server, "SELECT @@GLOBAL.max_connect_errors"))
    _sql_later(breaking, database, ["FLUSH HOSTS"])
    for _ in range(limit):
        # A greeting that is read and not answered counts as a broken handshake.
        over_tcp(client, database.endpoints[0])
    _await_greeting(database, client, _BLOCKED)


def _too_many_connections(breaking: Breaking) -> None:
    database, server = _database(breaking)
    limit = mariadb.query(database, server, "SELECT @@GLOBAL.max_connections").strip()
    _sql_later(breaking, database, [f"SET GLOBAL max_connections={limit}"])
    _sql(database, server, [f"SET GLOBAL max_connections={_FEWEST}"])
    name = f"crowd-{breaking.number}"
    breaking.later("stop", host=server.name, program=name)
    waiting = shlex.join([*mariadb.client(database), "--execute=SELECT SLEEP(864000)"])
    crowd = f"for n in $(seq {_FEWEST + 1}); do {waiting} & done; wait"
    control.spawn(name, ["sh", "-c", crowd], server)
    _await_greeting(database, server, _TOO_MANY)


def _lower_connect_errors(breaking: Breaking) -> None:
    database, server = _database(breaking)
    limit = mariadb.query(database, server, "SELECT @@GLOBAL.max_connect_errors").strip()
    _sql_later(breaking, database, [f"SET GLOBAL max_connect_errors={limit}", "FLUSH HOSTS"])
    asked = int(breaking.option("to", "5"))
    _sql(database, server, [f"SET GLOBAL max_connect_errors={asked}"])


def _writable_replica(breaking: Breaking) -> None:
    database, server = _replica(breaking)
    _sql_later(breaking, database, ["SET GLOBAL read_only=1"])
    _sql(database, server, ["SET GLOBAL read_only=0"])


def _replication_stopped(breaking: Breaking) -> None:
    database, server = _replica(breaking)
    _sql_later(breaking, database, ["START SLAVE"])
    _sql(database, server, ["STOP SLAVE"])


def _database(breaking: Breaking) -> tuple[Daemon, Host]:
    host = breaking.host()
    for daemon in breaking.lab.site.on(host.name):
        if daemon.kind == "mariadb":
            return daemon, host
    raise LabProblem(f"{host.name} has no database")


def _replica(breaking: Breaking) -> tuple[Daemon, Host]:
    database, host = _database(breaking)
    if not mariadb.is_replica(database):
        raise LabProblem(f"{database} is no replica")
    return database, host


def _database_and_client(breaking: Breaking) -> tuple[Daemon, Host, Host]:
    return *_database(breaking), breaking.lab.host(breaking.targets[1])


def _sql(database: Daemon, server: Host, statements: list[str]) -> None:
    mariadb.query(database, server, _script(statements))


def _sql_later(breaking: Breaking, database: Daemon, statements: list[str]) -> None:
    daemon_of(breaking.lab, database.host, database.name)
    command = mariadb.client(database)
    breaking.later("insist", host=database.host, command=command, text=_script(statements))


def _script(statements: list[str]) -> str:
    # One server is to be broken, not whoever replicates from it.
    return ";\n".join(["SET SESSION sql_log_bin=0", *statements, ""])


def _close_connections(database: Daemon, server: Host, client: Host) -> None:
    listed = mariadb.query(database, server, "SELECT ID, HOST FROM information_schema.PROCESSLIST")
    rows = (line.split("\t") for line in listed.splitlines())
    # The host of a connection is listed with its port.
    numbers = [number for number, host in rows if host.rpartition(":")[0] == client.name]
    _sql(database, server, [f"KILL {number}" for number in numbers])


def _await_greeting(database: Daemon, client: Host, code: int) -> None:
    def unmet() -> str:
        endpoint = database.endpoints[0]
        packet = over_tcp(client, endpoint)
        # After the packet's four-byte header an error starts with 0xff and its number.
        met = struct.unpack_from("<H", packet, 5)[0] if packet[4:5] == b"\xff" else 0
        return "" if met == code else f"{database} greets {client.name} with {met or 'a welcome'}"

    if reason := wait_until(unmet, _LIMIT):
        raise LabProblem("the fault had no effect", cause=reason)


_PAIR = ("DB-HOST", "CLIENT-HOST")
FAULTS = (
    Fault("mysql-refuse-host", _PAIR, "no account for that host any more: error 1130 on connect",
          _refuse_host, ("kill=yes",)),
    Fault("mysql-block-host", _PAIR, "too many broken handshakes from that host: error 1129",
          _block_host),
    Fault("mysql-too-many-connections", ("DB-HOST",), "no connection is left: error 1040",
          _too_many_connections),
    Fault("mysql-connect-errors", ("DB-HOST",), "a low max_connect_errors: blocks sooner, and "
          "is no fault by itself", _lower_connect_errors, ("to=5",), harmless=True),
    Fault("writable-replica", ("DB-HOST",), "the replica accepts writes", _writable_replica),
    Fault("replication-stopped", ("DB-HOST",), "the replica follows no more",
          _replication_stopped),
)  # fmt: skip
