"""Whatever stands in an altered pack is named; nothing makes the proof raise."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_portaswitch.cli import main
from pytest_portaswitch.pack import verify, write_pack
from pytest_portaswitch.pack.names import EVIDENCE
from pytest_portaswitch.pack.recompute import differences
from pytest_portaswitch.report.baseline import Before, read_before, with_baseline
from pytest_portaswitch.report.files import encode
from tests.unit.report.making import evidence

Plain = dict[str, Any]
GARBAGE = ("garbage", "", "(", "10.0.0.999", "\x00", -1, 1e300, None, [], {})


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """A baseline."""
    path = tmp_path_factory.mktemp("before") / "evidence.json"
    path.write_bytes(encode(evidence({"db2": "nothing-runs"})))
    return read_before(path)


@pytest.fixture
def pack(before: Before, tmp_path: Path) -> Path:
    """A pack that holds, compared with it."""
    now = with_baseline(evidence({"proc1": "nothing-runs", "bill1": "old-release"}), before)
    return write_pack(now, tmp_path).parent


def alter(pack: Path, change: Callable[[Plain], None]) -> None:
    """Change what the evidence says, and nothing else of the pack."""
    plain = json.loads((pack / EVIDENCE).read_text())
    change(plain)
    (pack / EVIDENCE).write_text(json.dumps(plain))


def _socket(plain: Plain) -> None:
    plain["hosts"]["db1"]["sockets"][0]["address"] = "garbage"


def _database(plain: Plain) -> None:
    plain["hosts"]["db1"]["databases"] = [{"key": "mysql:garbage:3306"}]


def _pattern(plain: Plain) -> None:
    listener = next(c for c in plain["checks"] if c["kind"] == "listener")
    listener["expects"]["process"]["match"] = "("


def _endless_pattern(plain: Plain) -> None:
    listener = next(c for c in plain["checks"] if c["kind"] == "listener")
    listener["expects"]["process"]["match"] = "(a|a)*$"
    (pid,) = {
        pid
        for socket in plain["hosts"][listener["host"]]["sockets"]
        if socket["port"] == listener["port"]
        for pid in socket["pids"]
    }
    for process in plain["hosts"][listener["host"]]["processes"]:
        process["name"] = "a" * 5000 + "!" if process["pid"] == pid else process["name"]


def _network(plain: Plain) -> None:
    plain["site"]["hosts"]["web1"]["private"] = "garbage"


def _moment(plain: Plain) -> None:
    plain["since"]["baseline"]["started"] = "yesterday"


def _long_waiver(plain: Plain) -> None:
    waiver = {"check": "[" * 100_000, "reason": "r", "owner": "o", "until": "2099-01-01"}
    plain["site"]["waivers"] = plain["waivers"] = [waiver]


ALTERED = {
    "a waiver that would be compiled for an hour": (
        _long_waiver,
        "evidence.json: site.waivers[0].check: is longer than 300 characters",
    ),
    "an address that is none": (
        _socket,
        "evidence.json: hosts.db1.sockets: no audit records these: entries that make no sense were "
        "left out (1): ",
    ),
    "a database that is none": (
        _database,
        "evidence.json: hosts.db1.databases: no audit records these: entries that make no sense "
        "were left out (1): 'garbage' is not an address",
    ),
    "a pattern that is none": (
        _pattern,
        ': cause is "", the recorded facts give "the pattern \'(\' is not a regular expression: ',
    ),
    "a pattern that never ends": (
        _endless_pattern,
        "cannot be judged on this machine: the pattern '(a|a)*$' takes more than 0.5 s to match; ",
    ),
    "a cluster that is none": (_network, "evidence.json: "),
    "a time that is none": (
        _moment,
        "evidence.json: since.baseline.started: 'yesterday': must be a time in ISO 8601 with a "
        "zone",
    ),
}


@pytest.mark.parametrize("how", ALTERED)
def test_what_no_audit_writes_is_named(
    pack: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the check, or the place."""
    change, words = ALTERED[how]
    alter(pack, change)
    problems = verify(pack).problems
    assert any(words in line for line in problems), problems
    assert main(["verify", str(pack)]) == 1
    assert "FAIL  evidence.json: was altered" in capsys.readouterr().out


def test_what_cannot_be_computed_is_named(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is that fails."""

    def fail(*given: object) -> None:
        raise ZeroDivisionError("nothing to divide by")

    monkeypatch.setattr(sys.modules[differences.__module__], "explained", fail)
    monkeypatch.setattr(sys.modules[verify.__module__], "rendered", fail)
    assert verify(pack).problems == (
        "evidence.json: cannot be computed again, it holds what no audit writes: "
        "nothing to divide by",
        "audit.html: cannot be made from the evidence again: nothing to divide by",
    )


def test_a_baseline_that_no_audit_writes(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused when it is read, not once an audit is over."""
    alter(pack, _socket)
    assert main(["diff", str(pack), str(pack)]) == 2
    assert capsys.readouterr().err == (
        f"{pack}/evidence.json: holds what no audit writes: 'garbage' does not appear to be an "
        "IPv4 or IPv6 address\n"
    )
    alter(pack, _moment)
    assert main(["render", str(pack / EVIDENCE)]) == 2
    assert "since.baseline.started: 'yesterday': must be a time" in capsys.readouterr().err


def _leaves(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    within = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in within:
        if isinstance(value, (dict, list)) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_anything_anywhere_is_found(pack: Path, before: Before, seed: int, tmp_path: Path) -> None:
    """And never raises; nor does a baseline, a page or an index made of it."""
    chance = random.Random(seed)  # noqa: S311
    plain = json.loads((pack / EVIDENCE).read_text())
    by_top: dict[Any, list[tuple[Any, ...]]] = {}
    for path in _leaves(plain):
        by_top.setdefault(path[:1] if path[0] != "hosts" else path[2:3], []).append(path)
    *path, last = chance.choice(by_top[chance.choice(sorted(by_top, key=str))])
    part = plain
    for key in path:
        part = part[key]
    part[last] = chance.choice([one for one in GARBAGE if one != part[last]])
    (pack / EVIDENCE).write_text(json.dumps(plain))
    assert verify(pack, before=before).problems
    for command in (
        ["diff", str(pack), str(pack)],
        ["render", str(pack / EVIDENCE), "--output", str(tmp_path / "page.html")],
        ["merge", str(pack), "--output", str(tmp_path / "merged")],
    ):
        assert main(command) in (0, 1, 2)
