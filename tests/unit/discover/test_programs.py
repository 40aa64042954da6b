"""The name by which a pin finds a process, and nothing that the same interpreter runs."""

from __future__ import annotations

import pytest

from pytest_portaswitch.discover.programs import escaped, program_of
from pytest_portaswitch.source.bounded_regex import found
from pytest_portaswitch.tables.pattern import of_program
from tests.unit.judge import scene


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/sbin/dovecot -F", "dovecot"),
        ("dovecot: master", "dovecot"),
        ("/usr/bin/python3 -u /opt/task.stack.py ...", "task.stack"),
        ("/usr/bin/pypy3.6-c /opt/b2bua.py", "b2bua"),
        ("/usr/bin/perl -w /opt/alerter.pl", "alerter"),
        ("/opt/limit-controller", "limit-controller"),
        ("java -jar /opt/x.jar", ""),
        ("java ... org.apache.cassandra.service.CassandraDaemon", ""),
        ("/bin/bash /opt/run.sh", ""),
        ("/usr/lib/systemd/systemd --switched-root", ""),
        ("/usr/bin/docker-proxy ...", ""),
        ("python3 ...", ""),
        ("a(b", ""),
        ("...", ""),
    ],
)
def test_the_own_name_of_what_runs(command: str, name: str) -> None:
    """Empty where a pin would not find it, or would find whatever else is started so."""
    facts = scene.facts({"h": {"processes": [f"1 x porta S {command}"]}})
    (process,) = facts["h"].processes  # type: ignore[union-attr]
    assert program_of(process) == name
    if name:
        assert found(of_program(escaped(name)), command)
