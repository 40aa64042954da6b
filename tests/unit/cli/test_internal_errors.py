"""A fault of this program in offline work: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from pytest_portaswitch import tables
from pytest_portaswitch.cli import main
from pytest_portaswitch.cli.main import FAULT
from pytest_portaswitch.discover import Target, infer
from pytest_portaswitch.facts import HostFacts
from pytest_portaswitch.pack import write_index, write_pack
from pytest_portaswitch.version import __version__
from tests.unit.report.making import ACME, MOMENT, evidence


def fail(*given: object, **named: object) -> NoReturn:
    """A fault, whose text must be seen nowhere."""
    raise ZeroDivisionError("s3cr3t")


def test_command_that_fails_says_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what to do with it."""
    monkeypatch.setattr("pytest_portaswitch.cli.plan.expand", fail)
    assert main(["plan", str(ACME)]) == FAULT
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(
        r"a fault of this program at cli/plan\.py:\d+ \(ZeroDivisionError\): command, plan; send "
        r"us this line and the versions in this report; it holds no secret and no word of a host: "
        rf"pytest-portaswitch {re.escape(__version__)}\n",
        said.err,
    )


@pytest.mark.parametrize("name", ["read_summary", "_line"])
def test_pack_that_cannot_be_shown_costs_its_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index has the others, and says why it lacks this one."""

    one = evidence()
    write_pack(one, tmp_path)
    write_pack(msgspec.structs.replace(one, cluster="other"), tmp_path)
    module = sys.modules["pytest_portaswitch.report.fleet"]
    if name == "_line":
        module = sys.modules["pytest_portaswitch.report.page.fleet"]
    sound = getattr(module, name)

    def step(first: Any, *given: Any) -> Any:
        return fail() if "other" in str(getattr(first, "folder", first)) else sound(first, *given)

    monkeypatch.setattr(module, name, step)
    page = write_index(tmp_path, MOMENT).path.read_text()
    assert ">acme-prod</a>" in page
    assert re.search(r"other</th>.*a fault of this program at report/.*ZeroDivisionError", page)


def test_host_that_cannot_be_discovered_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are drafted."""
    module = sys.modules[infer.__module__]
    sound = module._host  # type: ignore[attr-defined]

    def host(target: Target, *given: Any) -> Any:
        return fail() if target.address == "10.0.0.1" else sound(target, *given)

    monkeypatch.setattr(module, "_host", host)

    targets = [Target(address="10.0.0.1"), Target(address="10.0.0.2")]
    seen = [HostFacts(host=t.address, method="python", privileged=True, took=1.0) for t in targets]
    drafted = infer(targets, seen, tables.load("MR119"))
    assert drafted.hosts[0].unseen.startswith("a fault of this program at discover/infer.py:")
    assert drafted.hosts[1].unseen == ""
