"""What a cluster file says of a host and is to be warned of, whatever is seen there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.plan import Plan, expand
from pytest_portaswitch.plan.check import Holds, UsesPrivate

HEAD = "cluster: acme\nrelease: {release}\nhosts:\n"


def plan(folder: Path, hosts: str, release: str = "MR119", more: str = "") -> Plan:
    """The plan of a cluster file with these hosts, a line each."""
    file = folder / "acme.yaml"
    lines = "".join(f"  {line.strip()}\n" for line in hosts.strip().splitlines())
    file.write_text(HEAD.format(release=release) + lines + more)
    cluster = clusters.load(file)
    return expand(tables.load(cluster.release, cluster.tables), cluster)


def private(found: Plan, host: str) -> UsesPrivate | None:
    """What is expected of the private interface of a host; None: there is no such check."""
    check = found.check(f"private-network:{host}:private-interface")
    if check is None:
        return None
    assert isinstance(check.expects, UsesPrivate)
    return check.expects


@pytest.mark.parametrize(
    ("roles", "others"),
    [
        ("configuration", ()),
        ("configuration, logs", ()),
        ("logs, monitoring, configuration", ()),
        ("configuration, web", ("web",)),
        ("replica-db, logs, configuration, web", ("replica-db", "web")),
        ("web, replica-db", ()),
    ],
)
def test_configuration_server_with_other_roles_is_said_to_share_its_host(
    tmp_path: Path, roles: str, others: tuple[str, ...]
) -> None:
    """Only the log collector and monitoring may stand there; other roles share what they like."""
    hosts = f"""
    core1: {{private: 10.0.0.2, roles: [{roles}]}}
    db1: {{private: 10.0.0.3, roles: [main-db]}}
    bill1: {{private: 10.0.0.5, roles: [billing]}}
    config: {{private: 10.0.0.6, roles: [configuration]}}
    """
    expects = private(plan(tmp_path, hosts), "core1")
    assert expects is not None
    assert expects.shared == ({"configuration": others} if others else {})


def test_lonely_host_has_a_check_only_where_there_is_something_to_warn_of(tmp_path: Path) -> None:
    """One server for all is a demonstration; one without any peer that is legal yields none."""
    alone = plan(tmp_path, "all1: {private: 10.0.0.2, roles: [configuration, web]}")
    expects = private(alone, "all1")
    assert expects is not None
    assert (expects.peers, expects.shared) == ({}, {"configuration": ("web",)})
    check = alone.check("private-network:all1:private-interface")
    assert check is not None
    assert check.title == "all1 holds its private address"
    legal = plan(tmp_path, "all1: {private: 10.0.0.2, roles: [configuration, logs]}")
    assert private(legal, "all1") is None


RESERVED = """
config: {private: 10.19.0.2, roles: [configuration]}
db1: {private: 10.20.0.3, public: 10.11.255.255, roles: [main-db]}
sip1: {private: 10.20.0.7, roles: [dispatching-node]}
sip2: {private: "2001:db8::8", roles: [dispatching-node]}
"""
VIRTUAL = """\
virtual_ips:
  front: {address: 10.19.4.4, hosts: [sip1, sip2], serves: [edge-proxy]}
"""


def test_addresses_of_reserved_networks_are_said(tmp_path: Path) -> None:
    """Private, public and virtual ones, each with its network."""
    found = plan(tmp_path, RESERVED, more=VIRTUAL)
    told = {name: private(found, name) for name in ("config", "db1", "sip1", "sip2")}
    assert {name: expects.reserved for name, expects in told.items() if expects} == {
        "config": {"10.19.0.2": "10.19.0.0/16"},
        "db1": {"10.11.255.255": "10.11.0.0/16"},
        "sip1": {},
        "sip2": {},
    }
    check = found.check("redundancy:front:virtual-ip")
    assert check is not None
    assert isinstance(check.expects, Holds)
    assert check.expects.reserved == "10.19.0.0/16"


@pytest.mark.parametrize(("release", "reserved"), [("MR102", False), ("MR103", True)])
def test_networks_are_reserved_since_a_release(
    tmp_path: Path, release: str, reserved: bool
) -> None:
    """Before it, addresses there are as good as any."""
    expects = private(plan(tmp_path, RESERVED, release), "config")
    assert expects is not None
    assert bool(expects.reserved) == reserved


def test_tables_of_older_evidence_warn_of_nothing(tmp_path: Path) -> None:
    """They name no such network or role, and the plan that they give is as it was."""
    file = tmp_path / "acme.yaml"
    file.write_text(HEAD.format(release="MR119") + "  a: {private: 10.19.0.2, roles: [web]}\n")
    cluster = clusters.load(file)
    older = tables.load("MR119").__class__(
        **{
            name: getattr(tables.load("MR119"), name)
            for name in ("title", "release", "files", "roles", "subcomponents", "rows")
        }
    )
    assert private(expand(older, cluster), "a") is None
    assert private(expand(tables.load("MR119"), cluster), "a") is not None
