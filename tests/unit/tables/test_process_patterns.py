"""Process patterns find the program, and not whatever else has its name among its words."""

from __future__ import annotations

import re

import pytest

from pytest_portaswitch.tables import load

SUBCOMPONENTS = load().subcomponents

FOUND = [
    ("edge-proxy", "edgeproxy"),
    ("edge-proxy", "/usr/bin/pypy3 /home/porta-sip/bin/edgeproxy.py --config x"),
    ("edge-proxy", "/usr/libexec/platform-python -u -s /opt/edgeproxy"),
    ("edge-proxy", "edgeproxy: worker 3"),
    ("edge-proxy", "/usr/local/pypy/bin/pypy3.6-c /home/porta-sip/edgeproxy.py"),
    ("b2bua", "pypy3.6-gdb -u /opt/b2bua.py -f b2bua.conf"),
    ("b2bua", "python3.9d /opt/b2bua"),
    ("registrar", "python3.6 -m registrar"),
    ("registrar", "/usr/bin/python /srv/registrar.pyc"),
    ("billing-engine", "/usr/bin/perl -w /home/porta-billing/billing_engine.pl"),
    ("billing-engine", "BillingEngine"),
    ("radius", "/usr/sbin/radiusd -d /etc/raddb"),
    ("diameter", "diameterd"),
    ("apache-fcgi", "/usr/sbin/httpd -DFOREGROUND"),
    ("apache-fcgi", "/usr/sbin/apache2 -k start"),
    ("apache-fcgi", "apache"),
    ("imap-server", "/usr/sbin/dbmail-imapd"),
    ("rtp-proxy", "/usr/local/bin/rtpproxy -m 35000 -M 65000"),
    ("mysql-server", "/usr/sbin/mysqld --basedir=/usr"),
    ("mysql-server", "mariadbd"),
    ("dispatching-sbc", "dsbc"),
    ("cassandra", "/usr/bin/java -ea -cp /x:/y org.apache.cassandra.service.CassandraDaemon"),
    ("cassandra", "cassandra -f"),
    ("imap-server", "/usr/bin/pypy imap_server.py"),
]

NOT_FOUND = [
    ("edge-proxy", "grep edgeproxy /var/log/messages"),
    ("edge-proxy", "vim /home/porta-sip/edgeproxy.py"),
    ("edge-proxy", "/opt/edgeproxy/bin/watchdog"),
    ("edge-proxy", "/usr/bin/python3 /opt/edgeproxy/status.py"),
    ("edge-proxy", "tail -f /var/log/edgeproxy.log"),
    ("edge-proxy", "edgeproxy-exporter"),
    ("edge-proxy", "edgeproxy.log"),
    ("edge-proxy", "perldoc edgeproxy"),
    ("apache-fcgi", "apachectl"),
    ("b2bua", "tail -f /porta_var/sipenv-10.0.0.7/b2bua.log"),
    ("registrar", "deregistrar"),
    ("radius", "radiusd-monitor"),
    ("radius", "bash -c radiusd"),
    ("mysql-server", "/bin/sh /usr/bin/mysqld_safe"),
    ("mysql-server", "mysqldump --all-databases"),
    ("cassandra", "/usr/bin/java -jar /opt/cassandra-reaper.jar"),
    ("cassandra", "cassandra-stress"),
    ("diameter", "diameters"),
    ("smpp-proxy", "nano smpp-proxy"),
]


@pytest.mark.parametrize(("subcomponent", "command"), FOUND)
def test_found(subcomponent: str, command: str) -> None:
    """By name, by path, under an interpreter, with a title."""
    assert re.search(SUBCOMPONENTS[subcomponent].process.match, command)


@pytest.mark.parametrize(("subcomponent", "command"), NOT_FOUND)
def test_not_found(subcomponent: str, command: str) -> None:
    """Searches, editors, folders and longer names are something else."""
    assert not re.search(SUBCOMPONENTS[subcomponent].process.match, command)


def test_no_command_is_two_subcomponents() -> None:
    """Each name belongs to one subcomponent."""
    for expected, command in FOUND:
        found = [s.id for s in SUBCOMPONENTS.values() if re.search(s.process.match, command)]
        assert found == [expected]


@pytest.mark.parametrize("command", ["/" * 4096, "python" + " -x" * 1300, "a/" * 2000 + "x"])
def test_long_commands_take_no_time(command: str) -> None:
    """No pattern backtracks without end over what a host may show."""
    for subcomponent in SUBCOMPONENTS.values():
        assert not re.search(subcomponent.process.match, command)
