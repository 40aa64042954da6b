"""Hosts of which the cluster file does not say what they are, as a draft leaves them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.check import Check, IsDescribed

SUBCOMPONENT = "roles"
"""What stands in place of a subcomponent in the ids of these checks."""


def checks_of(cluster: Cluster) -> Iterator[Check]:
    """One check for each host without roles or without a private address."""
    for host in cluster.hosts.values():
        if not host.roles:
            yield _check(host.name, "roles", f"The cluster file says which roles {host.name} has")
    for name in cluster.undescribed:
        title = f"The cluster file says which private address {name} has"
        yield _check(name, "private", title)


def _check(host: str, missing: Literal["roles", "private"], title: str) -> Check:
    return Check(
        id=f"process:{host}:{SUBCOMPONENT}",
        kind="process",
        row="",
        host=host,
        subcomponent=SUBCOMPONENT,
        title=title,
        confidence="site",
        expects=IsDescribed(host=host, missing=missing),
    )
