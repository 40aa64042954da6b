"""What of a cluster file may be published, and that it suffices."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.cluster import Cluster
from pytest_portaswitch.cluster.model import SecretRef
from pytest_portaswitch.plan import expand
from pytest_portaswitch.report.site import publishable

FILE = """
cluster: acme
release: MR119
ssh: {user: audit, port: 2222, config: ssh_config, key: id_private, jump: gate.example,
      known_hosts: trusted, sudo: true, sudo_password: {file: sudo-password}}
hosts:
  config: {private: 10.0.0.2, roles: [configuration]}
  db1: {private: 10.0.0.3, roles: [main-db], mysql: 3306}
  bill1: {private: 10.0.0.5, roles: [billing], connection: 'docker://root@bill1?sudo_user=in-the-options'}
secrets: {radius: {env: WHERE_RADIUS_IS}, mysql: {file: mysql-password}}
overrides:
  - {row: billing.radius.udp, port: 11813, reason: moved}
"""


def published(folder: Path) -> tuple[Cluster, Cluster]:
    """A cluster with everything that must not be published, and what is."""
    for name in ("ssh_config", "id_private", "trusted", "mysql-password", "sudo-password"):
        (folder / name).write_text("Host *\n")
        (folder / name).chmod(0o600)
    (folder / "acme.yaml").write_text(FILE)
    cluster = clusters.load(folder / "acme.yaml")
    return cluster, publishable(cluster)


def test_no_key_or_place_of_a_secret_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that there was a secret of that name. ssh's files are named, by who ran the audit."""
    monkeypatch.setenv("HOME", str(tmp_path))
    _, shown = published(tmp_path)
    text = msgspec.json.encode(msgspec.structs.replace(shown, file="")).decode()
    for word in ("WHERE", "mysql-password", "sudo-password", "in-the-options", "Host *", tmp_path):
        assert str(word) not in text
    assert sorted(shown.secrets) == ["mysql", "radius"]


def test_how_a_host_is_reached_is_published(tmp_path: Path) -> None:
    """So that whoever reads the evidence can go there too."""
    login = published(tmp_path)[1].hosts["db1"].login
    assert (login.connection, login.address, login.user, login.port) == (
        "ssh",
        "db1",
        "audit",
        2222,
    )
    assert login.jump == "gate.example"
    assert (login.config, login.key, login.known_hosts) == (
        str(tmp_path / "ssh_config"),
        str(tmp_path / "id_private"),
        str(tmp_path / "trusted"),
    )
    assert login.sudo_password == SecretRef()
    assert published(tmp_path)[1].hosts["bill1"].login.connection == "docker://root@bill1"


def test_what_is_published_gives_the_same_plan(tmp_path: Path) -> None:
    """Also where a login has a port of its own: a check has it."""
    cluster, shown = published(tmp_path)
    rows = tables.load(cluster.release)
    assert expand(rows, shown) == expand(rows, cluster)
    assert b'"login_port":2222' in msgspec.json.encode(expand(rows, shown))
