"""What a cluster file says of the installation, as far as a reader of the evidence may know it."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.cluster.model import Cluster, Host, Login, SecretRef


def publishable(cluster: Cluster) -> Cluster:
    """The cluster without keys, paths and where its secrets are kept.

    What is left suffices to expand the plan again: names, roles, addresses, virtual IPs, pins,
    overrides, waivers, and which secrets there were.
    """
    return msgspec.structs.replace(
        cluster,
        hosts={name: _publishable_host(host) for name, host in cluster.hosts.items()},
        secrets={name: SecretRef() for name in cluster.secrets},
        tables=(),
    )


def _publishable_host(host: Host) -> Host:
    login = host.login
    shown = Login(
        # A testinfra host specification may have credentials behind its scheme.
        connection=login.connection.partition(":")[0],
        address="",
        user=login.user,
        port=login.port,
        sudo=login.sudo,
    )
    return msgspec.structs.replace(host, login=shown)
