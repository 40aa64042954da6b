"""Ansible inventories as a source of hosts, and what is said of bad ones."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.discover import Target, inventory_targets
from pytest_portaswitch.source import BadInput, Problem

CASES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "inventories.yaml").read_text(encoding="utf-8")
)
BASE = Login(address="", sudo=True)


def written(target: Target) -> str:
    """A target in one line."""
    assert target.login
    settings = {key: getattr(target.login, key) for key in ("user", "port", "jump")}
    if target.login.connection != "ssh":
        settings["connection"] = target.login.connection
    settings["groups"] = ",".join(target.groups)
    words = [f"{key}={value}" for key, value in settings.items() if value]
    return " ".join([f"{target.name}={target.address}", *words])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_inventory_is_read_as_the_case_says(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the letter, with all problems, and with all that is not taken over."""
    monkeypatch.chdir(tmp_path)
    path = Path(case.get("file", "hosts"))
    path.write_text(case["inventory"])
    for name, text in case.get("beside", {}).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    problems: list[Problem] = []
    found = inventory_targets(
        path.read_bytes(), path, str(path), case.get("limit", ""), BASE, problems
    )
    assert str(BadInput(problems)).splitlines() == case.get("problems", [])
    if not problems:
        assert [written(target) for target in found.targets] == case["found"]
        assert [*found.remarks] == case.get("remarks", [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n".join(f"[g{n}:children]\ng{n + 1}" for n in range(2001)), "more than 2000"),
        ("h[1:9999]\n" * 6, "hosts:6: 'h6': names a host more than 50000 times"),
        ("h[1:9999]\ng[1:2]", "hosts:2: 'g2': is one host more than 10000"),
    ],
)
def test_an_inventory_of_a_few_lines_cannot_cost_more_than_a_second(
    content: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        inventory_targets(content.encode(), None, "hosts", "", BASE, [])


def nested(groups: int) -> str:
    """Groups of which each holds the next one."""
    return "".join(f"[g{n}:children]\ng{n + 1}\n" for n in range(groups - 1))


@pytest.mark.slow
@pytest.mark.parametrize("limit", ["", "g7"])
def test_thousands_of_hosts_in_thousands_of_nested_groups_cost_little(limit: str) -> None:
    """They share what is said of them, which took gigabytes."""
    content = f"[g1999]\nh[1:9999] ansible_port=22\n{nested(2000)}[g5:vars]\nansible_user=me\n"
    tracemalloc.start()
    try:
        problems: list[Problem] = []
        found = inventory_targets(content.encode(), None, "hosts", limit, BASE, problems)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert problems == []
    assert (len(found.targets), len(found.targets[0].groups)) == (9999, 2000)
    assert found.targets[-1].login is not None
    assert found.targets[-1].login.user == "me"
    assert peak < 200e6


@pytest.mark.slow
def test_hosts_in_too_many_groups_in_all_are_refused() -> None:
    """Each in another group of a deep inventory."""
    each = "".join(f"[g{n}]\nh{n}-[1:5]\n" for n in range(2000))
    with pytest.raises(BadInput) as bad:
        inventory_targets(f"{each}{nested(2000)}".encode(), None, "hosts", "", BASE, [])
    (line,) = str(bad.value).splitlines()
    assert line.endswith(
        "hosts are in more than 1,000,000 groups, those above counted in (nest fewer groups)"
    )


@pytest.mark.slow
def test_groups_that_all_hold_each_other_cost_little() -> None:
    """Each of them holds all others, a cycle and 90,000 lines."""
    names = [f"g{n}" for n in range(300)]
    held = "".join(f"[{one}:children]\n" + "\n".join(names) + "\n" for one in names)
    content = f"{held}[g7]\nh[1:99]\n"
    found = inventory_targets(content.encode(), None, "hosts", "", BASE, [])
    assert {len(target.groups) for target in found.targets} == {300}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n" * 40 + "[1", "hosts:41: "),
        ("\n \t#\n" * 40 + "[1", "hosts:81: "),
        ("h[1:2]" + "x" * 200_000, "has more than 10000 characters"),
        ("h[1:2]" + "x" * 2000, "has more than 1024 characters"),
        ("web1 x=" + "a" * 2_000_000, "has more than 10000 characters"),
        ("[web:vars]\nansible_user=x" + " " * 60_000 + "y\n[1", "hosts:3: "),
    ],
    ids=["blank-lines", "comments", "long-line", "long-name", "long-word", "long-gap"],
)
def test_long_runs_of_anything_are_read_as_fast_as_short_ones(content: str, said: str) -> None:
    problems: list[Problem] = []
    inventory_targets(content.encode(), None, "hosts", "", BASE, problems)
    assert said in str(BadInput(problems))


@given(st.binary(max_size=200) | st.text(alphabet='[]:,;= \t"ab1\n#!-{}|&*', max_size=80))
def test_whatever_stands_in_an_inventory_nothing_is_raised(content: bytes | str) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    problems: list[Problem] = []
    found = inventory_targets(data, None, "hosts", "", BASE, problems)
    assert found.targets or found.remarks or problems
    assert all(line.isprintable() for line in str(BadInput(problems)).splitlines())
