"""MariaDB: the main database, and a replica that really replicates it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_portaswitch.lab.daemons.kind import Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import DATABASE_ACCOUNT, Site

_LOOK_ONLY = "SLAVE MONITOR, BINLOG MONITOR ON *.*"
_PREPARED = "/var/lib/porta-db"  # initialised while the tree was built


def is_replica(daemon: Daemon) -> bool:
    """Whether this server follows another one."""
    return bool(daemon.service.connects)


def client(daemon: Daemon) -> list[str]:
    """The command that runs SQL from its input as the server's root."""
    options = [f"--socket={_socket(daemon)}", "--batch", "--skip-column-names"]
    return ["mariadb", "--no-defaults", *options]


def query(daemon: Daemon, host: Host, statements: str) -> str:
    """Run SQL as the server's root; the result as tab-separated lines."""
    return host.run(client(daemon), text=statements)


def replication(daemon: Daemon, host: Host) -> dict[str, str]:
    """The fields of SHOW SLAVE STATUS; empty when the server follows nobody."""
    ask = ["mariadb", "--no-defaults", f"--socket={_socket(daemon)}"]
    answer = host.run([*ask, "--execute=SHOW SLAVE STATUS\\G"])
    pairs = (line.partition(":") for line in answer.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def accounts(site: Site, role: str) -> Iterator[tuple[str, str, str, str]]:
    """User, host, password and grant of each account that the server of a role has."""
    for host in site.clients(role):
        users = {"web" if d.name == "apache-fcgi" else d.name for d in site.on(host.name)
                 if role in d.service.connects and d.kind != "mariadb"}  # fmt: skip
        for user in sorted(users):
            # A replica's clients are to SELECT only, says the table.
            grant = "SELECT" if role == "replica-db" else "SELECT, INSERT, UPDATE, DELETE"
            yield user, host.name, site.secrets.database, f"{grant} ON porta.*"
        yield DATABASE_ACCOUNT, host.name, site.secrets.audit, _LOOK_ONLY
        if role == "main-db" and any(d.kind == "mariadb" for d in site.on(host.name)):
            yield "replication", host.name, site.secrets.replication, "REPLICATION SLAVE ON *.*"


def _socket(daemon: Daemon) -> str:
    return f"/run/mysqld/{daemon.name}.sock"


def _data(daemon: Daemon) -> str:
    return f"/var/lib/{daemon.name}"


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    (endpoint,) = daemon.endpoints
    number = 1 + [d for d in site.daemons if d.kind == "mariadb"].index(
        next(d for d in site.daemons if (d.host, d.name) == (daemon.host, daemon.name))
    )
    lines = [
        "[mariadbd]",
        "user=mysql",
        f"datadir={_data(daemon)}",
        f"socket={_socket(daemon)}",
        f"pid-file=/run/mysqld/{daemon.name}.pid",
        f"bind-address={','.join(endpoint.addresses)}",
        f"port={endpoint.port}",
        f"server-id={number}",
        "log-bin=binlog",
        "relay-log=relay",
        "gtid-strict-mode=1",
        "innodb-buffer-pool-size=24M",
        "innodb-log-file-size=8M",
        "innodb-data-file-path=ibdata1:4M:autoextend",
        "innodb-autoextend-increment=4",
        # The data lies in memory, where there is neither native AIO nor anything to flush for.
        "innodb-use-native-aio=0",
        "innodb-flush-method=fsync",
        "innodb-flush-log-at-trx-commit=0",
        "performance-schema=0",
        # A client behind a dropping firewall never says goodbye; the rest ask each second.
        "wait-timeout=60",
        "slave-net-timeout=4",
    ]
    if site.front(daemon) != daemon:
        lines.append("proxy-protocol-networks=127.0.0.1")
    if is_replica(daemon):
        lines.append("read-only=1")
    return {f"{folder(daemon)}/my.cnf": "\n".join([*lines, ""])}


def _command(daemon: Daemon, site: Site) -> list[str]:
    return ["/usr/sbin/mariadbd", f"--defaults-file={folder(daemon)}/my.cnf"]


def _prepare(daemon: Daemon, site: Site, host: Host) -> None:
    host.run(["cp", "--archive", _PREPARED, _data(daemon)])
    host.run(["install", "--directory", "--owner=mysql", "/run/mysqld"])


def _set_up(daemon: Daemon, site: Site, host: Host) -> None:
    # Each server gets its own accounts; what is replicated is the data.
    statements = ["SET SESSION sql_log_bin=0"]
    for user, client_host, password, grant in accounts(site, daemon.service.subcomponent):
        account = f"'{user}'@'{client_host}'"
        statements.append(f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{password}'")
        statements.append(f"GRANT {grant} TO {account}")
    if not is_replica(daemon):
        release = site.topology.release
        statements += [
            "SET SESSION sql_log_bin=1",
            "CREATE DATABASE porta",
            "CREATE TABLE porta.installation (release_name VARCHAR(20) PRIMARY KEY)",
            f"INSERT INTO porta.installation VALUES ('{release}')",  # noqa: S608 -- our own
        ]
    else:
        (main,) = site.databases(daemon.service.connects)
        port = site.front(main).endpoints[0].port
        statements += [
            f"CHANGE MASTER TO MASTER_HOST='{main.host}', MASTER_PORT={port},"
            f" MASTER_USER='replication', MASTER_PASSWORD='{site.secrets.replication}',"
            " MASTER_CONNECT_RETRY=1, MASTER_USE_GTID=slave_pos, MASTER_HEARTBEAT_PERIOD=1",
            "START SLAVE",
        ]
    query(daemon, host, ";\n".join(statements) + ";\n")


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    if not is_replica(daemon):
        return ""
    status = replication(daemon, host)
    for thread in ("Slave_IO_Running", "Slave_SQL_Running"):
        if status.get(thread) != "Yes":
            error = status.get("Last_IO_Error") or status.get("Last_SQL_Error") or "no error"
            return f"{thread} is {status.get(thread)!r} ({error})"
    found = query(daemon, host, "SELECT COUNT(*) FROM information_schema.tables"
                                " WHERE table_schema='porta'")  # fmt: skip
    return "" if found.strip() == "1" else "nothing was replicated yet"


MARIADB = Kind(files=_files, command=_command, prepare=_prepare, set_up=_set_up, unready=_unready)
