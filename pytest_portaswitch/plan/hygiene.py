"""What an upgrade stumbles over: clocks, releases, disks, MTUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pytest_portaswitch.cluster.model import Cluster, Host
from pytest_portaswitch.plan.check import (
    Check,
    ClockAgrees,
    DiskFree,
    Expectation,
    Listens,
    MtuAgrees,
    ReleaseAgrees,
    Runs,
    StandsBy,
)


def checks_of(cluster: Cluster) -> Iterator[Check]:
    """Four checks of each host, as far as there is something to compare it with."""
    bounds = cluster.hygiene
    hosts = tuple(cluster.hosts)
    addresses = {host.name: host.private for host in cluster.hosts.values()}
    for host in cluster.hosts.values():
        name = host.name
        yield _check(
            name,
            "clock",
            f"The clock of {name} is within {bounds.clock} s of the others",
            ClockAgrees(host=name, hosts=hosts, bound=bounds.clock, binding="clock" in bounds.fail),
        )
        yield _check(
            name,
            "disk",
            f"The file systems of {name} have {bounds.disk_free} % of their space free "
            f"and {bounds.inodes_free} % of their inodes",
            DiskFree(
                host=name,
                space=bounds.disk_free,
                inodes=bounds.inodes_free,
                binding="disk" in bounds.fail,
            ),
        )
        others = _sharing_a_role(host, cluster)
        if others or cluster.release:
            yield _check(
                name,
                "release",
                f"{name} has the release of the hosts that share a role with it",
                ReleaseAgrees(
                    host=name,
                    others=others,
                    release=cluster.release,
                    binding="release" in bounds.fail,
                ),
            )
        if len(hosts) > 1:
            yield _check(
                name,
                "mtu",
                f"The private interface of {name} has the MTU of the others",
                MtuAgrees(host=name, addresses=addresses, binding="mtu" in bounds.fail),
            )


def restarts_warned(checks: Iterable[Check], cluster: Cluster) -> list[Check]:
    """The checks, those of processes with within how many hours a start is warned of."""
    hours = cluster.hygiene.restarted_hours
    return [
        msgspec.structs.replace(
            check, expects=msgspec.structs.replace(check.expects, restarted_hours=hours)
        )
        if isinstance(check.expects, (Listens, Runs, StandsBy))
        else check
        for check in checks
    ]


def _sharing_a_role(host: Host, cluster: Cluster) -> tuple[str, ...]:
    roles = set(host.roles)
    return tuple(
        other.name
        for other in cluster.hosts.values()
        if other.name != host.name and roles & set(other.roles)
    )


def _check(host: str, what: str, title: str, expects: Expectation) -> Check:
    return Check(
        id=f"hygiene:{host}:{what}",
        kind="hygiene",
        row="",
        host=host,
        subcomponent=what,
        title=title,
        confidence="site",
        expects=expects,
    )
