"""However large and odd a cluster file is, what is wrong with it is told in bounded time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.plan import expand
from pytest_portaswitch.plan.unmatched import unmatched
from pytest_portaswitch.source import BadInput

CASES = yaml.safe_load((Path(__file__).parent / "hostile_sizes.yaml").read_text())
HEAD = "cluster: a\nhosts:\n  h: {private: 10.0.0.9, roles: [web]}\n"
GENEROUS = 30
"""Seconds; where a loop is quadratic again, each of these takes minutes."""


@pytest.mark.parametrize("name", CASES)
def test_file_that_is_too_large_to_be_meant_is_refused_in_bounded_time(
    name: str, tmp_path: Path
) -> None:
    """Not more than 501 lines of it, the rule among them."""
    case = CASES[name]
    items = (case["item"].replace("{n}", str(n)) for n in range(case.get("times", 30000)))
    text = case.get("head", HEAD) + case.get("begin", "") + "".join(items) + case.get("end", "")
    (tmp_path / "large.yaml").write_text(text)
    began = time.monotonic()
    with pytest.raises(BadInput) as error:
        clusters.load(tmp_path / "large.yaml")
    assert time.monotonic() - began < GENEROUS
    assert len(error.value.problems) <= 501
    lines = str(error.value).splitlines()
    assert any(line.endswith(case["says"]) for line in lines), lines[-1]


def test_plan_of_more_checks_than_a_machine_can_hold_is_refused(tmp_path: Path) -> None:
    """Before any of them is made."""
    host = "  h%d: {private: 10.0.%d.%d, roles: [processing-node, dispatching-node]}\n"
    many = "".join(host % (n, n // 200, n % 200 + 1) for n in range(2000))
    (tmp_path / "a.yaml").write_text(f"cluster: a\nhosts:\n{many}")
    loaded = clusters.load(tmp_path / "a.yaml")
    with pytest.raises(BadInput) as error:
        expand(tables.load(), loaded)
    rule = "gives more than 500000 checks (divide the cluster)"
    assert str(error.value) == f"{tmp_path / 'a.yaml'}: hosts: {rule}"


def test_waivers_without_checks_are_told_in_bounded_time(tmp_path: Path) -> None:
    """Each of them is compared with all checks, and the nearest is looked for near it."""
    waiver = "  - {{check: 'listener:h:web{n}', reason: r, owner: o, until: 2027-01-01}}\n"
    many = "".join(waiver.format(n=n) for n in range(1000))
    roles = "roles: [processing-node, dispatching-node, web, billing]"
    hosts = "".join(f"  g{n}: {{private: 10.0.1.{n + 1}, {roles}}}\n" for n in range(20))
    (tmp_path / "a.yaml").write_text(f"{HEAD}{hosts}waivers:\n{many}")
    loaded = clusters.load(tmp_path / "a.yaml")
    plan = expand(tables.load(), loaded)
    began = time.monotonic()
    with pytest.raises(BadInput) as error:
        unmatched(loaded, plan, tables.load())
    assert time.monotonic() - began < GENEROUS
    assert len(error.value.problems) == 501
