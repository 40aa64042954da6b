"""What an operator would write by hand with testinfra: one assertion, one remote command or two.

It asserts what the suites assert, as far as testinfra can: the port listens, a process of that
name runs, the peer's port is reachable. It reads its list from ``PLAN`` (the output of
``pytest-portaswitch plan``), so that both do the same work.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import testinfra

PLAN = json.loads(Path(os.environ["PLAN"]).read_text())
SSH_CONFIG = os.environ["SSH_CONFIG"]


def of(kind: str) -> list[Any]:
    """The plan's expectations of one type, with the check's id."""
    return [
        pytest.param(check["expects"], id=check["id"])
        for check in PLAN["checks"]
        if check["expects"]["type"] == kind
    ]


def host(name: str) -> testinfra.host.Host:
    """As testinfra's documentation has it: one ssh connection, kept open for a minute."""
    return testinfra.get_host(f"ssh://{name}", ssh_config=SSH_CONFIG, sudo=True)


def runs(name: str, pattern: str) -> bool:
    """Whether a process matches."""
    return any(re.search(pattern, process.args) for process in host(name).process.filter())


@pytest.mark.parametrize("expects", of("listens"))
def test_listens(expects: dict[str, Any]) -> None:
    name, ports = expects["place"]["hosts"][0], expects["ports"]
    if ports["demand"] != "range":
        transport = "udp" if ports["transport"] == "udp" else "tcp"
        address = expects["place"]["address"]
        number = ports["numbers"][0]
        assert (
            host(name).socket(f"{transport}://{address}:{number}").is_listening
            or host(name).socket(f"{transport}://0.0.0.0:{number}").is_listening
        )
    assert runs(name, expects["process"]["match"])


@pytest.mark.parametrize("expects", of("runs"))
def test_runs(expects: dict[str, Any]) -> None:
    assert runs(expects["host"], expects["process"]["match"])


@pytest.mark.parametrize("expects", of("reaches"))
def test_reaches(expects: dict[str, Any]) -> None:
    address, number = expects["destination"]["address"], expects["ports"]["numbers"][0]
    source = host(expects["source"])
    if expects["ports"]["transport"] == "udp":
        assert source.run(f"nc -w 1 -z -u {address} {number}").rc in (0, 1)
    else:
        assert source.addr(address).port(number).is_reachable


@pytest.mark.parametrize("expects", of("connects"))
def test_connects(expects: dict[str, Any]) -> None:
    assert host(expects["source"]).addr(expects["destination"]["address"]).is_reachable


@pytest.mark.parametrize("expects", of("private"))
def test_private(expects: dict[str, Any]) -> None:
    for address in expects["peers"].values():
        command = f"ip route get {address}"
        assert expects["address"] in host(expects["host"]).check_output(command)
