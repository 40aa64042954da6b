"""What audits leave behind: a hundred lock nobody out, where ten bare connections do.

A server that resolves its peers' names, as the lab's do, counts the handshakes of each that broke,
and at ``max_connect_errors`` it lets that host in no more (error 1129).
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_portaswitch.lab import Lab
from pytest_portaswitch.lab.daemons import mariadb

from .auditing import Result, audit

PROGRAM = Path(__file__).with_name("many_audits.py")
AUDITS = 100
LIMIT = 5
DATABASES = {"db1": "3306", "db2": "3307"}
PEERS = {("bill1", "db1"), ("bill2", "db1"), ("web1", "db1"), ("web1", "db2")}
"""Who is to reach which, by the vendor's tables."""


@pytest.fixture
def touchy(full: Lab, healthy: Result) -> Iterator[Lab]:
    """The lab, its databases content with few broken handshakes; afterwards nobody is blocked."""
    with (
        full.broken("mysql-connect-errors", "db1", to=str(LIMIT)),
        full.broken("mysql-connect-errors", "db2", to=str(LIMIT)),
    ):
        for host in DATABASES:
            variables = sql(full, host, "SELECT @@max_connect_errors, @@skip_name_resolve")
            assert variables.split() == [str(LIMIT), "0"]
        yield full


def sql(lab: Lab, host: str, statement: str) -> str:
    """What the database of a host answers to its root."""
    (database,) = (one for one in lab.site.on(host) if one.kind == "mariadb")
    return mariadb.query(database, lab.host(host), statement)


def refused(lab: Lab, host: str) -> int:
    """How many logins the database has refused."""
    return int(sql(lab, host, "SHOW GLOBAL STATUS LIKE 'Access_denied_errors'").split()[1])


def test_a_hundred_audits_lock_nobody_out(touchy: Lab, healthy: Result) -> None:
    """Every peer is answered by its databases each time, and no audit is met otherwise after."""
    before = {host: refused(touchy, host) for host in DATABASES}
    command = [sys.executable, str(PROGRAM), str(touchy.cluster_file), str(AUDITS)]
    run = touchy.run(command, capture_output=True, text=True, timeout=500)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["first"] == ""
    assert {tuple(check.split(":")[1:3]) for check in told["counts"]} == PEERS
    assert all(sum(counts.values()) == AUDITS for counts in told["counts"].values())
    # They did knock: every audit was refused twice for each peer, over two connections.
    knocked = {host: refused(touchy, host) - before[host] for host in DATABASES}
    assert knocked == {"db1": 6 * AUDITS, "db2": 2 * AUDITS}
    assert audit(touchy).verdicts == healthy.verdicts


@pytest.mark.parametrize(("peer", "host"), [("bill1", "db1"), ("web1", "db2")])
def test_ten_bare_connections_do(touchy: Lab, peer: str, host: str) -> None:
    """As most checks of a port make them; the audit then says who is locked out, and of what."""
    for _ in range(2 * LIMIT):
        touchy.exec(peer, ["nc", "-z", host, DATABASES[host]], check=True)
    locked = audit(touchy, "-k", f"reachability and {host} and (billing-engine or taskstack)")
    for check, verdict in locked.verdicts.items():
        blocked = check.startswith(f"reachability:{peer}:{host}:")
        assert verdict == ("fail" if blocked else "pass"), check
    (cause,) = locked.causes("failed")
    assert cause.startswith(f"mysql-server on {host} refuses {peer}: 1129 Host ")


def test_a_frozen_database_finds_logins_once_it_goes_on(full: Lab, healthy: Result) -> None:
    """One broken handshake would do, and a bare connection that was made meanwhile does."""
    met = {"bill1": "Access denied for user 'nobody'@'bill1'", "bill2": "ERROR 1129 "}
    with ExitStack() as faults:
        for peer in met:
            # Their own clients try again and again, and give up as well.
            for daemon in full.site.on(peer):
                if "main-db" in daemon.service.connects:
                    faults.enter_context(full.broken("stop", peer, daemon.name))
        faults.enter_context(full.broken("mysql-connect-errors", "db1", to="1"))
        sql(full, "db1", "FLUSH HOSTS")
        with full.broken("freeze", "db1", "main-db"):
            known = audit(full, "-k", "test_reachability and db1 and bill1 and billing-engine")
            full.exec("bill2", ["nc", "-z", "db1", DATABASES["db1"]], check=True)
        (check,) = known.evidence["checks"]
        assert (check["verdict"], check["grade"]) == ("fail", "connected")
        assert "observed tcp/3306 connected (no reply in 10 s)" in check["message"]
        assert known.causes("failed") == {
            "mysql-server is frozen on db1: its process is stopped (state T)"
        }
        time.sleep(1)
        client = ["mariadb", "--no-defaults", "--skip-ssl", "-h", "10.0.0.3", "-u", "nobody"]
        for peer, words in met.items():
            said = full.exec(peer, client, capture_output=True, text=True).stderr
            assert words in said, peer
        sql(full, "db1", "FLUSH HOSTS")


PRIVATE_NETWORK_OF_WEB1 = ("-k", "test_private_network and config and web1")


def test_who_echoes_is_not_knocked_at(full: Lab) -> None:
    """The echo proves that the Configuration server reaches the host, whose sshd hears nothing."""
    log = full.folder.log("web1", "sshd")
    before = len(log.read_text())
    known = audit(full, *PRIVATE_NETWORK_OF_WEB1)
    assert set(known.verdicts.values()) == {"pass"}
    assert [probe["outcome"] for probe in known.evidence["hosts"]["config"]["probes"]] == [
        "replied"
    ]
    said = log.read_text()[before:]
    assert "Accepted publickey" in said
    assert full.site.topology.host("config").private not in said


@pytest.fixture
def without_echo(full: Lab) -> Iterator[Lab]:
    """The lab, where web1 answers no echo."""
    setting = "/proc/sys/net/ipv4/icmp_echo_ignore_all"
    full.exec("web1", ["sh", "-c", f"echo 1 > {setting}"], check=True)
    yield full
    full.exec("web1", ["sh", "-c", f"echo 0 > {setting}"], check=True)


def test_the_configuration_server_parts_from_sshd_with_a_word(without_echo: Lab) -> None:
    """Where it has to ask sshd, the log says who left; nothing looks like a scan."""
    full = without_echo
    log = full.folder.log("web1", "sshd")
    before = len(log.read_text())
    known = audit(full, *PRIVATE_NETWORK_OF_WEB1)
    assert set(known.verdicts.values()) == {"pass"}
    config = full.site.topology.host("config").private
    said = log.read_text()[before:]
    parting = rf"Received disconnect from {config} port \d+:11: portaswitch-audit: reached"
    assert len(re.findall(parting, said)) == 1
    assert "kex_exchange_identification" not in said
    echo, knock = known.evidence["hosts"]["config"]["probes"]
    assert (echo["outcome"], knock["outcome"]) == ("silent", "connected")
    assert knock["answer"]["words"].startswith("SSH 2.0 OpenSSH_")
