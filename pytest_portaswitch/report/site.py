"""What a cluster file says of the installation, as far as a reader of the evidence may know it."""

from __future__ import annotations

import os

import msgspec

from pytest_portaswitch.cluster.model import Cluster, Host, Login, SecretRef
from pytest_portaswitch.text import clean

NAMED = ("docker", "podman", "kubectl", "openshift", "lxc", "chroot", "ansible")
"""Connections that commands to paste can use."""
_SHOWN = frozenset({"container", "namespace", "context", "ansible_inventory"})


def publishable(cluster: Cluster) -> Cluster:
    """The cluster without where its secrets are kept.

    What is left suffices to expand the plan again: names, roles, addresses, virtual IPs, pins,
    overrides, waivers, and which secrets there were; and how to reach a
    host by hand, for which files of ssh are named, not shown.
    """
    return msgspec.structs.replace(
        cluster,
        hosts={name: _publishable_host(host) for name, host in cluster.hosts.items()},
        secrets={name: SecretRef() for name in cluster.secrets},
        tables=(),
        # A name need not be UTF-8, and JSON is.
        file=clean(cluster.file, len(cluster.file)),
    )


def published_logins(cluster: Cluster) -> dict[str, Login]:
    """By host, how the audit goes there, as evidence says so."""
    return {name: _publishable_host(host).login for name, host in cluster.hosts.items()}


def _publishable_host(host: Host) -> Host:
    login = host.login
    shown = Login(
        connection=_connection(login.connection),
        address=login.address,
        user=login.user,
        port=login.port,
        config=_from_home(login.config),
        key=_from_home(login.key),
        jump=login.jump,
        known_hosts=_from_home(login.known_hosts),
        sudo=login.sudo,
        sudo_password=SecretRef() if login.sudo_password else None,
    )
    return msgspec.structs.replace(host, login=shown)


def _connection(specification: str) -> str:
    kind, _, place = specification.partition("://")
    name, _, query = place.partition("?")
    if kind not in NAMED or not name:
        return kind
    more = [word for word in query.split("&") if word.partition("=")[0] in _SHOWN]
    return f"{kind}://{name}" + (f"?{'&'.join(more)}" if more else "")


def _from_home(path: str | None) -> str | None:
    """A path as shells and ssh read it on any machine of the same user."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path's raises where there is none
    if path is None:
        return None
    if path.startswith(f"{home}/") and home != "/":
        path = f"~{path[len(home) :]}"
    return clean(path, len(path))
