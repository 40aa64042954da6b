"""What is read from good cluster files."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import get_args

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch import tables
from pytest_portaswitch.cluster import Cluster, SecretRef, Tls, TlsName, load, load_many, waivers
from pytest_portaswitch.cluster.model import (
    Hygiene,
    Login,
    Questions,
    Replica,
    Undeclared,
    VirtualIp,
)
from pytest_portaswitch.plan.check import Kind
from tests.unit.certificates import MIDDLE, ROOT

GOOD = Path(__file__).with_name("good")
KEYS = GOOD / "keys"


@pytest.fixture(scope="module")
def acme() -> Cluster:
    """The cluster of the file that has every key."""
    return load(GOOD / "everything.yaml")


def test_smallest() -> None:
    """Three lines are a cluster; nothing is named that was not said."""
    cluster = load(GOOD / "smallest.yaml")
    assert (cluster.name, cluster.release, cluster.database) == ("one", "", "mysql")
    assert cluster.hosts["all"].login == Login(connection="local", address="127.0.0.1")


def test_host_names_are_raw_text(acme: Cluster) -> None:
    """A host may be called ``no``; hosts keep the order of the file."""
    assert list(acme.hosts) == ["no", "db1", "db2", "ora", "web1", "SIP1.example.com", "sip2"]


def test_login_of_the_cluster(acme: Cluster) -> None:
    """Hosts take the cluster's settings; with an ssh config ssh is given the host's name."""
    assert acme.hosts["no"].login == Login(
        address="no",
        user="audit",
        config=str(KEYS / "config"),
        known_hosts=str(KEYS / "known_hosts"),
        jump="ops@gate.example.com:2222,[2001:db8::1]:22",
        sudo=True,
        sudo_password=SecretRef(file=str(KEYS / "sudo")),
    )


def test_login_of_a_host_lies_over_it(acme: Cluster) -> None:
    """What a host says wins, key by key."""
    login = acme.hosts["web1"].login
    assert (login.user, login.port, login.sudo) == ("root", 2022, False)
    assert (login.key, login.config) == (str(KEYS / "id"), str(KEYS / "config"))
    assert login.address == "192.0.2.6"
    assert acme.hosts["sip2"].login.connection == "docker://sip2"


def test_databases(acme: Cluster) -> None:
    """Ports are pinned per host, and Oracle may be declared per host."""
    assert [acme.hosts[name].mysql for name in ("db1", "db2", "ora")] == [(3306,), (3306, 3307), ()]
    assert [acme.hosts[name].database for name in ("db1", "ora")] == ["mysql", "oracle"]


def test_virtual_ip(acme: Cluster) -> None:
    """A virtual IP may be on either network."""
    assert acme.virtual_ips[:1] == (
        VirtualIp(
            name="front",
            address="203.0.113.100",
            hosts=("SIP1.example.com", "sip2"),
            serves=("edge-proxy",),
            line=26,
        ),
    )


def test_standbys(acme: Cluster) -> None:
    """One word for all that is served, or each by itself; what is not said is not known."""
    assert [vip.standby for vip in acme.virtual_ips] == [
        {},
        {"edge-proxy": "running", "smpp-proxy": "running"},
        {"smpp-proxy": "/opt/porta/smpp-proxy"},
    ]


def test_services(acme: Cluster) -> None:
    """In the order of the file, with the ports of both transports."""
    ssh, calls, nfs = acme.services
    assert (ssh.public, ssh.hosts) == (False, ())
    assert [(p.transport, p.first, p.last) for p in ssh.ports] == [
        ("tcp", 22, 22),
        ("tcp", 2022, 2022),
    ]
    assert (calls.match, calls.public) == (r"recorder\.py", True)
    assert calls.hosts == ("web1", "processing-node")
    assert [(p.transport, p.first, p.last) for p in calls.ports] == [("udp", 20000, 20100)]
    assert (nfs.match, len(nfs.ports)) == ("", 2)
    assert nfs.source == f"{GOOD / 'everything.yaml'}:55"


def test_severities_and_bounds(acme: Cluster) -> None:
    """What is not said has its default; one word speaks of the public network."""
    assert (acme.undeclared.public, acme.undeclared.private) == ("fail", "warn")
    assert acme.questions == Questions(radius="access-request", smpp="bind")
    assert [acme.questions.of(one) for one in ("radius", "smpp", "sip")] == [
        "access-request",
        "bind",
        "",
    ]
    assert acme.hygiene == Hygiene(
        clock=2, disk_free=5, inodes_free=10, restarted_hours=12, fail=("clock", "release")
    )


def test_undeclared_in_one_word(tmp_path: Path) -> None:
    """As the shortest form says it."""
    path = tmp_path / "c.yaml"
    text = "cluster: c\nhosts: {f: {private: 10.0.0.1, roles: [web]}}\n"
    path.write_text(text, encoding="utf-8")
    assert load(path).undeclared == Undeclared(public="warn", private="note")
    path.write_text(f"{text}undeclared: fail\n", encoding="utf-8")
    assert load(path).undeclared == Undeclared(public="fail", private="note")


def test_pins(acme: Cluster) -> None:
    """A pin says where it was pinned."""
    pin = acme.processes["registrar"]
    assert (pin.match, pin.confidence) == (r"registrar\.py", "pinned")
    assert pin.source == f"{GOOD / 'everything.yaml'}:34"


def test_secrets_are_only_named(acme: Cluster) -> None:
    """The cluster holds where secrets are."""
    assert acme.secrets == {
        "radius": SecretRef(env="ACME_RADIUS_SECRET"),
        "mysql": SecretRef(file=str(KEYS / "sudo")),
    }


def test_overrides(acme: Cluster) -> None:
    """Only what an override says is set; a range has its two ends."""
    tls, rtp, cassandra, disconnector, fax = acme.overrides
    assert (tls.ports, tls.transport, tls.direction, tls.peers) == ((5061,), None, None, None)
    assert rtp.ports == (40000, 50000)
    assert (cassandra.transport, cassandra.protocol) == ("tcp", "http")
    assert cassandra.peers == ("web1", "web")
    assert disconnector.direction == "incoming"
    assert (fax.row, fax.line) == ("office.faxd.tcp", 45)


def test_waivers(acme: Cluster) -> None:
    """The day is the last one; prose is on one line."""
    assert [waiver.until for waiver in acme.waivers] == [
        datetime.date(2027, 1, 31),
        datetime.date(2027, 2, 28),
        datetime.date(2027, 3, 31),
    ]
    assert acme.waivers[2].reason == "one card, until spring"


def test_tls(acme: Cluster) -> None:
    """A name for one place overrules the one for all; of a file of authorities, only these stay."""
    assert acme.tls.warn_days == 30
    assert acme.tls.name("edge-proxy", "front") == "sip.example.com"
    assert acme.tls.name("mail-proxy", "SIP1.example.com") == "mail1.example.com"
    assert acme.tls.name("mail-proxy", "front") == "203.0.113.100"
    assert acme.tls.name("mail-proxy", "sip2") == ""
    lines = (GOOD / "everything.yaml").read_text().splitlines()
    said = [lines[name.line - 1].split(":")[0].strip() for name in acme.tls.names]
    assert said == [name.subcomponent for name in acme.tls.names]
    assert said == ["edge-proxy", "mail-proxy", "mail-proxy"]
    assert acme.tls.authorities == tuple(
        one.public_bytes(Encoding.PEM).decode() for one in (ROOT, MIDDLE)
    )


def test_the_name_for_all_serves_where_no_other_is_given() -> None:
    """And only there."""
    names = (
        TlsName(subcomponent="imap-server", name="imap.example.com"),
        TlsName(subcomponent="imap-server", place="proc2", name="imap2.example.com"),
    )
    tls = Tls(names=names)
    assert [tls.name("imap-server", place) for place in ("proc1", "proc2")] == [
        "imap.example.com",
        "imap2.example.com",
    ]


def test_tables_are_found_beside_the_cluster_file(acme: Cluster) -> None:
    """What the cluster carries loads as it is."""
    assert acme.tables == (GOOD / "fax.yaml",)
    assert tables.load(acme.release, acme.tables).row("office.faxd.tcp")


def test_tables_from_elsewhere_are_carried_too(tmp_path: Path) -> None:
    """A table of the command line may define the roles that a cluster file uses."""
    path = tmp_path / "c.yaml"
    path.write_text("cluster: c\nhosts: {f: {private: 10.0.0.1, roles: [fax]}}\n", encoding="utf-8")
    cluster = load(path, [GOOD / "fax.yaml"])
    assert cluster.tables == (GOOD / "fax.yaml",)
    again = load(GOOD / "everything.yaml", [GOOD / "fax.yaml"])
    assert again.tables == (GOOD / "fax.yaml",)


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is the home of whoever runs the audit."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "cfg").touch()
    path = tmp_path / "c.yaml"
    path.write_text(
        "cluster: c\nssh: {config: ~/cfg}\nhosts: {f: {private: 10.0.0.1, roles: [web]}}\n",
        encoding="utf-8",
    )
    assert load(path).hosts["f"].login.config == str(tmp_path / "cfg")


def test_several_clusters_in_order() -> None:
    """Clusters come in the order of their files."""
    files = [GOOD / "smallest.yaml", GOOD / "everything.yaml"]
    assert [cluster.name for cluster in load_many(files)] == ["one", "acme-prod"]


def test_waivers_know_every_kind_of_check() -> None:
    """A new kind of check can be waived."""
    assert sorted(get_args(Kind)) == sorted(waivers.KINDS)


def test_how_replicas_may_be_asked(acme: Cluster, tmp_path: Path) -> None:
    """The account's name; its password is a secret. Nobody is asked where no account is given."""
    assert acme.replica == Replica(account="audit", lag=300)
    path = tmp_path / "c.yaml"
    path.write_text("cluster: c\nhosts: {f: {private: 10.0.0.1, roles: [web]}}\n")
    assert load(path).replica == Replica(account="", lag=60)
