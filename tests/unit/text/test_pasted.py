"""Whatever a cluster file calls things, commands that we print run what they name and no more."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.causes import explain
from pytest_portaswitch.cluster.by_hand import paste
from pytest_portaswitch.cluster.model import Login, SecretRef
from pytest_portaswitch.facts import Observation
from pytest_portaswitch.judge.judge import assess
from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.plan.expand import expand
from tests.unit.report.making import MOMENT, evidence

WORDS = (
    "$(>PWNED)",
    "`>PWNED`",
    "'; >PWNED; '",
    "it's $(>PWNED)",
    '"; >PWNED; "',
    "a\n>PWNED\nb",
    "a >PWNED; b & c | d",
    "-oProxyCommand=>PWNED",
    "~/x*?[a]{1,2}",
    "##vso[x]",
)
CONNECTIONS = (
    "ssh",
    "docker://{name}@{name}",
    "kubectl://{name}?namespace={name}&container={name}",
    "lxc://{name}",
    "chroot://{name}",
    "ansible://{name}?ansible_inventory={name}",
)
# All that could do anything else is missing there.
STUBS = """
PATH=/nowhere
ssh() { while [ "${1#-}" != "$1" ]; do [ "$1" = -- ] && { shift; break; }; case "$1" in
    -[olpJFi]) shift;; esac; shift; done; printf '%s\\0' "$1" >&3; shift; eval "$*"; }
docker() { shift; [ "$1" = -u ] && shift 2; [ "$1" = -- ] && shift; printf '%s\\0' "$1" >&3
    shift 3; eval "$*"; }
command_not_found_handle() { printf 'ran %s\\0' "$1" >&3; }
"""


def _of(name: str) -> tuple[tuple[Check, ...], dict[str, Observation]]:
    """Checks and facts of a cluster whose hosts db1 and bill1 are called so, and all processes."""
    found = evidence({"db1": "nothing-runs", "web1": "down", "bill1": "mute", "sip1": "udp-silent"})
    plan = expand(found.tables, found.site)
    content = msgspec.json.encode((plan.checks, found.hosts)).decode()
    for host in ("db1", "bill1"):
        content = content.replace(f'"{host}"', json.dumps(name if host == "db1" else f"{name}2"))
    content = re.sub('"match":"[^"]*"', lambda _: f'"match":{json.dumps(name)}', content)
    return msgspec.json.decode(content, type=tuple[tuple[Check, ...], dict[str, Observation]])


def _commands(name: str) -> Iterator[str]:
    checks, facts = _of(name)
    verdicts = {check.id: assess(check, facts, (), MOMENT) for check in checks}
    for connection in (*CONNECTIONS, ""):
        login = Login(
            address=name,
            user=name,
            jump=name,
            port=22,
            config=name,
            key=name,
            known_hosts=name,
            sudo=connection == "ssh",
            sudo_password=SecretRef(),
            connection=connection.format(name=name.replace("?", "")),
        )
        logins = {name: login, f"{name}2": login} if connection else {}
        yield from filter(None, (paste(one.reproduce, logins) for one in verdicts.values()))
        causes = explain(checks, verdicts, facts, checks, logins)
        yield from (cause.next for cause in causes if cause.next)


@pytest.mark.parametrize("name", WORDS)
def test_a_pasted_command_does_nothing_but_what_it_names(name: str, tmp_path: Path) -> None:
    commands = set(_commands(name))
    assert len(commands) > 10
    script = "\n".join([STUBS, *(f"{command}\nprintf 'end\\0' >&3" for command in commands)])
    subprocess.run(
        ["/bin/bash", "--norc", "-c", f"exec 3>log\n{script}"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    said = (tmp_path / "log").read_bytes().decode().split("\0")
    assert said.count("end") == len(commands)
    assert name in said
    assert not [path.name for path in tmp_path.iterdir() if path.name != "log"]
    assert "ran PWNED" not in said
