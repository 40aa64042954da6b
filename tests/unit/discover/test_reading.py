"""Exports of Servers and addresses of a command line, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.discover import Target, command_line, once, servers
from pytest_portaswitch.discover.reading import LARGEST
from pytest_portaswitch.source import BadInput, Problem

CASES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "exports.yaml").read_text(encoding="utf-8")
)
FILE = "servers.csv"


def written(target: Target) -> str:
    """A target as a command line has it."""
    return f"{target.name}={target.address}" if target.name else target.address


def told(problems: list[Problem]) -> list[str]:
    """The problems as a user meets them."""
    return str(BadInput(problems)).splitlines()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_export_is_read_as_the_case_says(case: dict[str, Any]) -> None:
    """To the letter, and with all problems."""
    problems: list[Problem] = []
    data = case["export"].encode() if "export" in case else case["latin1"].encode("latin-1")
    found = servers(data, FILE, problems)
    once(found, problems)
    assert [written(target) for target in found] == case["found"]
    assert told(problems) == case.get("problems", [])


def test_an_export_is_read_up_to_a_bound() -> None:
    """As cluster files are."""
    problems: list[Problem] = []
    assert servers(b"#" * (LARGEST + 1), FILE, problems) == []
    assert told(problems) == ["servers.csv: is larger than 2097152 bytes"]


@given(st.binary(max_size=200) | st.text(alphabet='10.,;\t"ipname\n\\#+-:|', max_size=80))
def test_whatever_stands_in_an_export_nothing_is_raised(content: bytes | str) -> None:
    """Every line with something in it is a host, a header, or a problem."""
    data = content if isinstance(content, bytes) else content.encode()
    problems: list[Problem] = []
    found = servers(data, FILE, problems)
    once(found, problems)
    assert found or problems
    assert all(line.isprintable() for line in told(problems))


def test_addresses_of_a_command_line() -> None:
    """With a name or without, as an address or as a name that ssh knows."""
    problems: list[Problem] = []
    found = command_line(["db1=10.0.0.3", "2001:DB8::1", "sip1.acme.example", "w=sip2"], problems)
    assert found == [
        Target("10.0.0.3", "db1"),
        Target("2001:db8::1"),
        Target("sip1.acme.example"),
        Target("sip2", "w"),
    ]
    assert problems == []


def test_bad_addresses_of_a_command_line() -> None:
    """All at once."""
    problems: list[Problem] = []
    arguments = ["10.0.0.256", "root@10.0.0.3", "10.0.0.3:22", "-x", "a_b=10.0.0.4", "=10.0.0.5"]
    once(command_line([*arguments, "c=10.0.0.6", "c=10.0.0.7", "10.0.0.6"], problems), problems)
    rule = "must be a host name: letters, digits, hyphens and dots, no hyphen at either end"
    assert told(problems) == [
        f"command line: ADDRESS: '-x': {rule}",
        "command line: ADDRESS: '10.0.0.256': must be an IPv4 or IPv6 address",
        "command line: ADDRESS: '10.0.0.3:22': must be an IPv4 or IPv6 address",
        "command line: ADDRESS: 'root@10.0.0.3': must be an address alone "
        "(who logs in is said by --user)",
        "command line: IP: '10.0.0.6': is there twice (first: command line)",
        f"command line: NAME: '=10.0.0.5': {rule}",
        f"command line: NAME: 'a_b': {rule}",
        "command line: Name: 'c': is there twice (first: command line)",
    ]


def test_an_address_of_the_command_line_and_of_an_export_is_one_host() -> None:
    """The export's line is told."""
    problems: list[Problem] = []
    targets = command_line(["10.0.0.3"], problems) + servers(b"10.0.0.3,db1\n", FILE, problems)
    once(targets, problems)
    assert told(problems) == ["servers.csv:1: IP: '10.0.0.3': is there twice (first: command line)"]
