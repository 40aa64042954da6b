"""A pack may hold more than any audit writes: what is wrong with it is told in bounded time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_portaswitch.pack import verify, write_pack
from pytest_portaswitch.pack.names import EVIDENCE
from pytest_portaswitch.report import files
from pytest_portaswitch.report.baseline import read_before
from pytest_portaswitch.report.reading import read_evidence
from pytest_portaswitch.source import BadInput
from tests.unit.report.making import evidence

pytestmark = pytest.mark.slow

Plain = dict[str, Any]
GENEROUS = 60
"""Seconds of processor time; where a loop is quadratic again, each of these takes many minutes."""


def _hosts(plain: Plain) -> None:
    site = plain["site"]["hosts"]
    site |= {f"x{number}": {**site["proc1"], "name": f"x{number}"} for number in range(9000)}


def _addresses(plain: Plain) -> None:
    for interface in plain["hosts"]["bill1"]["interfaces"]:
        interface["addresses"] = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}/8" for n in range(60000)]


def _sockets_and_processes(plain: Plain) -> None:
    host = plain["hosts"]["bill1"]
    socket, process = host["sockets"][0], host["processes"][0]
    host["sockets"] += [{**socket, "port": n + 1, "pids": [n + 1]} for n in range(20000)]
    host["processes"] += [{**process, "pid": n + 1, "parent": n} for n in range(20000)]


def _pattern(plain: Plain) -> None:
    for check in plain["checks"]:
        if check["expects"].get("process"):
            check["expects"]["process"]["match"] = "(a|a)*$"
    for process in plain["hosts"]["bill1"]["processes"]:
        process["name"] = "a" * 100 + "!"


@pytest.mark.parametrize("alter", [_hosts, _addresses, _sockets_and_processes, _pattern])
def test_pack_that_no_audit_writes_is_refused_in_bounded_time(
    alter: Callable[[Plain], None], tmp_path: Path
) -> None:
    """As a pack to verify, and as a baseline."""
    pack = write_pack(evidence(), tmp_path).parent
    plain = json.loads((pack / EVIDENCE).read_text())
    alter(plain)
    (pack / EVIDENCE).write_text(json.dumps(plain))
    began = time.process_time()
    assert verify(pack).problems
    read_before(pack)
    assert time.process_time() - began < GENEROUS


@pytest.mark.parametrize(("part", "most"), [("waivers", 1000), ("site.waivers", 1000)])
def test_evidence_with_more_entries_than_any_loader_lets_through_is_refused(
    part: str, most: int, tmp_path: Path
) -> None:
    """Before anything is compared with them."""
    made = evidence({"db2": "nothing-runs"})
    pack = write_pack(made, tmp_path).parent
    plain = json.loads((pack / EVIDENCE).read_text())
    waiver = {"check": "*", "reason": "r", "owner": "o", "until": "2027-01-01"}
    holder = plain["site"] if part.startswith("site.") else plain
    holder["waivers"] = [waiver] * (most + 1)
    (pack / EVIDENCE).write_text(json.dumps(plain))
    with pytest.raises(BadInput) as error:
        read_evidence(pack / EVIDENCE)
    rule = f"has {most + 1} entries, more than {most}"
    assert str(error.value).endswith(f"evidence.json: {part}: {rule}")


def test_file_larger_than_any_pack_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not into the memory of whoever verifies it."""
    monkeypatch.setattr(files, "LARGEST", 1000)
    pack = write_pack(evidence(), tmp_path).parent
    assert "evidence.json: cannot be read: larger than 1000 bytes" in verify(pack).problems


def test_facts_that_nobody_can_judge_are_the_facts_fault(tmp_path: Path) -> None:
    """Of whoever wrote the pack, and not of this program: each is named once."""
    pack = write_pack(evidence(), tmp_path).parent
    plain = json.loads((pack / EVIDENCE).read_text())
    plain["hosts"]["db1"]["interfaces"][0]["addresses"][0] = ""
    (pack / EVIDENCE).write_text(json.dumps(plain))
    said = [line for line in verify(pack).problems if "check " in line or "hosts." in line]
    assert said == [
        "evidence.json: hosts.db1.interfaces: no audit records these: entries that make no sense "
        "were left out (1): '' is not an address with its prefix"
    ]
