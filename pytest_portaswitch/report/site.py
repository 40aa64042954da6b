"""What a cluster file says of the installation, as far as a reader of the evidence may know it."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.cluster.model import Cluster, Host, Login, SecretRef
from pytest_portaswitch.text import clean

NAMED = ("docker", "podman")
"""Connections that say no more than a container and its user."""


def publishable(cluster: Cluster) -> Cluster:
    """The cluster without keys, paths and where its secrets are kept.

    What is left suffices to expand the plan again: names, roles, addresses, virtual IPs, pins,
    overrides, waivers, and which secrets there were; and to reach a host by hand.
    """
    return msgspec.structs.replace(
        cluster,
        hosts={name: _publishable_host(host) for name, host in cluster.hosts.items()},
        secrets={name: SecretRef() for name in cluster.secrets},
        tables=(),
        # A name need not be UTF-8, and JSON is.
        file=clean(cluster.file, len(cluster.file)),
    )


def _publishable_host(host: Host) -> Host:
    login = host.login
    shown = Login(
        connection=_connection(login.connection),
        address=login.address,
        user=login.user,
        port=login.port,
        jump=login.jump,
        sudo=login.sudo,
    )
    return msgspec.structs.replace(host, login=shown)


def _connection(specification: str) -> str:
    """The kind of connection, and where it names a container, which."""
    kind, _, place = specification.partition("://")
    name = place.partition("?")[0]
    return f"{kind}://{name}" if kind in NAMED and name else kind
