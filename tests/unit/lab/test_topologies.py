"""Topologies, and where they put which daemon."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pytest_portaswitch.lab import cluster_file, topology
from pytest_portaswitch.lab.daemons import KINDS
from pytest_portaswitch.lab.placement import place
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.site import Secrets, Site
from pytest_portaswitch.lab.state import Folder

SECRETS = Secrets("database", "replication", "audit", "radius", "sudo")


def test_shipped() -> None:
    """Five topologies come with the package."""
    assert topology.shipped() == ("four", "full", "other", "small", "wide")


def test_full_addresses_are_derived() -> None:
    """Hosts get the addresses after the operator's, in order, the same last part in public."""
    full = topology.load("full")
    assert full.operator == "10.0.0.1"
    assert [(h.name, h.private, h.public) for h in full.hosts][:2] == [
        ("config", "10.0.0.2", "203.0.113.2"),
        ("db1", "10.0.0.3", "203.0.113.3"),
    ]
    assert len(full.hosts) == 13


def test_wide_grows_and_steps_over_virtual_ips() -> None:
    """As many processing nodes as asked for, none on the address of a virtual IP."""
    wide = topology.load("wide", processing_nodes=120)
    assert len(wide.hosts_of("processing-node")) == 120
    addresses = {host.private for host in wide.hosts}
    assert len(addresses) == 130
    assert addresses.isdisjoint({"10.0.0.1", "10.0.0.100", "10.0.0.101"})


def test_wide_has_an_end() -> None:
    """More hosts than the network has addresses is a message."""
    with pytest.raises(LabProblem, match=r"the network 10\.0\.0\.0/24 has too few addresses"):
        topology.load("wide", processing_nodes=300)


def test_no_such_topology() -> None:
    """Neither shipped nor a file: both are named."""
    with pytest.raises(LabProblem) as caught:
        topology.load("huge")
    assert str(caught.value).splitlines() == [
        "there is no topology 'huge'",
        "  cause: it is neither a shipped topology nor a file",
        "  checked: shipped: four, full, other, small, wide",
        "  checked: file: huge",
        "  to fix this, either",
        "    - name a shipped one",
        "    - give the path of a YAML file",
    ]


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"hosts": {"a": {"roles": ["sorcerer"]}}}, "host a has unknown roles ['sorcerer']"),
        ({"hosts": {"-a": {"roles": []}}}, "'-a' cannot be the name of a host"),
        ({"virtual_ips": {"v": {"address": "10.0.0.9", "hosts": ["b"]}}}, "virtual IP v names"),
        ({"networks": {"private": "10.0.0.0/24"}}, "'public' is missing"),
        ({"services": {"radios": {"process": "x"}}}, "service radios is none of services.yaml"),
        ({"networks": {"private": "ten", "public": "ten"}}, "'ten'"),
    ],
)
def test_bad_topologies(tmp_path: Path, changed: dict[str, object], cause: str) -> None:
    """What is wrong in a file is said, not raised."""
    good: dict[str, object] = {
        "release": "MR119",
        "networks": {"private": "10.0.0.0/24", "public": "203.0.113.0/24"},
        "hosts": {"a": {"roles": ["web"]}},
    }
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(good | changed))
    with pytest.raises(LabProblem) as caught:
        topology.load(str(file))
    assert cause in str(caught.value)


@pytest.mark.parametrize("name", topology.shipped())
def test_no_two_daemons_meet(name: str) -> None:
    """On no host do two daemons bind the same address and port."""
    bound = [
        (daemon.host, endpoint.socket, address, endpoint.port)
        for daemon in place(topology.load(name))
        for endpoint in daemon.endpoints
        for address in endpoint.addresses
    ]
    assert len(bound) == len(set(bound))


def test_contested_ports_are_told_apart_by_address() -> None:
    """On a host with both, edge proxy and SBC each keep to their virtual IP."""
    found = {
        daemon.name: {address for e in daemon.endpoints for address in e.addresses}
        for daemon in place(topology.load("small"))
        if daemon.host == "sip1"
    }
    assert found["edge-proxy"] == found["smpp-proxy"] == {"10.0.0.100"}
    assert found["dispatching-sbc"] == {"10.0.0.101"}
    assert found["imgate-smpp"] == {"10.0.0.4"}


@pytest.mark.parametrize("name", topology.shipped())
def test_every_daemon_can_be_configured(name: str) -> None:
    """Configuration is pure text: it is made without any lab."""
    site = Site.of(topology.load(name), SECRETS)
    for daemon in site.daemons:
        kind = KINDS[daemon.kind]
        assert all(path.startswith("/") for path in kind.files(daemon, site))
        assert kind.command(daemon, site)


def test_cluster_file() -> None:
    """The lab's cluster file names every host, pins every process, and holds no secret."""
    site = Site.of(topology.load("full"), SECRETS)
    text = cluster_file.text(site, Folder(Path("/state/lab")))
    document = yaml.safe_load(text)
    assert document["cluster"] == "lab"
    assert document["ssh"] == {"user": "audit", "config": "/state/lab/ssh_config", "sudo": True}
    assert document["hosts"]["db2"] == {
        "private": "10.0.0.4",
        "public": "203.0.113.4",
        "roles": ["replica-db"],
        "mysql": 3307,
    }
    assert [(o["row"], o["transport"], o["port"]) for o in document["overrides"]] == [
        ("billing.disconnector.nodes", "tcp", 80),
        ("web.apache-fcgi.nodes", "udp", 69),
        ("web.cassandra.nodes", "tcp", 8085),
    ]
    assert not any(secret in text.split() for secret in ("database", "replication", "sudo"))


def test_a_topology_may_run_other_daemons_others_besides_and_none() -> None:
    """Clients go to the proxy; what nobody runs is declared not in use, and no name is pinned."""
    site = Site.of(topology.load("other"), SECRETS)
    (main,) = site.databases(("main-db",))
    assert [str(e) for e in site.front(main).endpoints] == ["tcp/3307"]
    assert {a for e in main.endpoints for a in e.addresses} == {"127.0.0.1"}
    document = yaml.safe_load(cluster_file.text(site, Folder(Path("/state/lab"))))
    assert document["hosts"]["ocs"]["mysql"] == 3307
    assert "haproxy" in document["processes"]["mysql-server"]["match"]
    assert "not_in_use" not in document
    four = Site.of(topology.load("four"), SECRETS)
    document = yaml.safe_load(cluster_file.text(four, Folder(Path("/state/lab"))))
    unused = [one["subcomponent"] for one in document["not_in_use"]]
    assert unused == [
        "diameter", "cassandra", "limit-controller", "mail-proxy", "smpp-proxy", "imgate",
    ]  # fmt: skip
    assert not {*unused} & document["processes"].keys()
