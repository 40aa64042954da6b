"""Each case holds what was seen of hosts, and what is drafted of them, to the letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_portaswitch import tables
from pytest_portaswitch.cluster import load_many
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.discover import draft as drafts
from pytest_portaswitch.facts import HostFacts, Interface, Observation
from pytest_portaswitch.plan import expand
from pytest_portaswitch.plan.unmatched import unmatched
from tests.unit.judge import scene

from .making import draft, found, read_back, target

CASES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "hosts.yaml").read_text(encoding="utf-8")
)
parametrized = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def drafted(case: dict[str, Any], login: Login | None = None) -> str:
    """The whole draft of a case."""
    seen: list[Observation] = list(scene.facts(case["facts"]).values())
    what = found([target(words) for words in case["targets"]], seen)
    return draft(what, login) if login else draft(what)


@parametrized
def test_the_draft_is_what_the_case_says(case: dict[str, Any]) -> None:
    """Roles with their evidence, guesses as such, and what is left to fill in."""
    assert drafted(case).partition("\nhosts:\n")[2] == case["draft"]


@parametrized
def test_a_draft_can_be_planned_before_anything_is_filled_in(
    case: dict[str, Any], tmp_path: Path
) -> None:
    """Each host that is left open is one check, and each pin is one that a check looks for."""
    text = drafted(case)
    assert read_back(text, tmp_path) == []
    (acme,) = load_many([tmp_path / "draft.yaml"])
    known = tables.load(acme.release)
    plan = expand(known, acme)
    assert unmatched(acme, plan, known) == []
    left_open = {check.host for check in plan.checks if check.subcomponent == "roles"}
    hosts = yaml.safe_load(text)["hosts"]
    assert left_open == {name for name, host in hosts.items() if "unknown" in host.values()}


@parametrized
def test_what_is_not_seen_can_be_declared_not_in_use(case: dict[str, Any], tmp_path: Path) -> None:
    """With the '# ' taken away and a reason given, it is a cluster file still."""
    text = drafted(case)
    head, mark, tail = text.partition("# not_in_use:\n")
    lines = [line[2:] if line.startswith("#   - ") else line for line in tail.splitlines()]
    filled = "\n".join([head + mark[2:], *lines, ""]).replace("reason: ''", "reason: never sold")
    if mark:
        assert read_back(filled, tmp_path) == []


def test_the_head_says_what_it_is_and_what_nobody_can_see() -> None:
    """How many hosts, the roles that no process tells, cluster, release, and how to log in."""
    text = drafted(CASES["hosts-that-were-not-looked-at"], Login(address="", user="no", port=2222))
    assert text.partition("hosts:\n")[0] == (
        "# A draft by pytest-portaswitch discover; 0 of 3 hosts were looked at.\n"
        "# It can be used as it is: what is still open keeps the cluster from being ready.\n"
        "# 'fill in' and 'not seen' ask for an answer; what is a guess says so: check it.\n"
        "# No process and no port tells these roles: "
        "configuration, media-server, other-node, logs, monitoring.\n"
        "cluster: acme\n"
        "# release: none was seen; without it the newest rows of the tables hold\n"
        "ssh: {user: 'no', port: 2222, sudo: false}\n"
    )


@pytest.mark.parametrize(
    ("releases", "line"),
    [
        (("MR119", "MR119", "hostile: x"), "release: MR119"),
        (
            ("MR119", "MR120"),
            "# release: hosts have MR119 and MR120; without it the newest rows of the tables hold",
        ),
    ],
)
def test_the_release_stands_where_all_have_one(releases: tuple[str, ...], line: str) -> None:
    """And only what is one."""
    hosts = {
        f"h{at}": {"release": words, "interfaces": [f"eth0 10.0.0.{at}/24"]}
        for at, words in enumerate(releases, 1)
    }
    case = {"targets": [f"10.0.0.{at}" for at, _ in enumerate(releases, 1)], "facts": hosts}
    assert line in drafted(case).splitlines()


def test_with_an_ssh_config_the_name_is_what_is_connected_to(tmp_path: Path) -> None:
    """So that the address is said where it is another, and only there."""
    config = tmp_path / "it's a config"
    config.touch()
    case = {
        "targets": ["db1", "web1=10.0.0.6"],
        "facts": {
            "db1": {"hostname": "db1", "interfaces": ["eth0 10.0.0.3/24"]},
            "web1": {"interfaces": ["eth0 10.0.0.6/24"]},
        },
    }
    text = drafted(case, Login(address="", config=str(config), sudo=True))
    document = yaml.safe_load(text)
    assert document["ssh"] == {"config": str(config), "sudo": True}
    assert "address" not in document["hosts"]["db1"]
    assert document["hosts"]["web1"]["address"] == "10.0.0.6"


def test_a_scalar_that_would_need_lines_is_refused() -> None:
    """Nothing that a host says may get there; should it, the draft is not written."""
    with pytest.raises(ValueError, match="does not fit on a line"):
        drafts.scalar("a\nb: c")


@pytest.mark.parametrize(
    "words", ["no", "Null", "a: b", "# c", "it's", "10.0.0.3", "1e5", "", "&a"]
)
def test_a_scalar_is_read_back_as_text(words: str) -> None:
    """Whatever YAML would rather make of it."""
    assert yaml.safe_load(f"a: [{drafts.scalar(words)}]  # x") == {"a": [words]}
    assert yaml.safe_load(f"{drafts.scalar(words)}: a") == {words: "a"}


def test_an_interface_that_is_down_comes_after_one_that_is_up() -> None:
    """Though a guess it is: both are the host's."""
    down, up = (
        Interface(name=name, up=name == "eth1", mtu=1500, addresses=(address,))
        for name, address in (("eth0", "10.0.0.5/24"), ("eth1", "10.1.0.5/24"))
    )
    facts = HostFacts(
        host="h", method="python", privileged=True, took=0.0, hostname="a", interfaces=(down, up)
    )
    document = draft(found([target("a.example")], [facts]))
    assert (
        "    private: 10.1.0.5  # guess: held by eth1; the host also holds 10.0.0.5"
        in document.splitlines()
    )
