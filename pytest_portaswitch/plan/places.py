"""Where the processes of a subcomponent are to be found in a cluster."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_portaswitch.cluster.model import Cluster, Host
from pytest_portaswitch.plan.check import Place
from pytest_portaswitch.tables.row import Subcomponent


def hosts_with(cluster: Cluster, roles: Iterable[str]) -> tuple[Host, ...]:
    """The hosts that hold any of the roles, each once, in the order of the cluster file."""
    wanted = set(roles)
    return tuple(host for host in cluster.hosts.values() if wanted & set(host.roles))


def hosts_running(cluster: Cluster, subcomponent: Subcomponent) -> tuple[Host, ...]:
    """The hosts that hold a role of a subcomponent, without those where it is not in use."""
    without = cluster.hosts_without(subcomponent.id)
    hosts = hosts_with(cluster, subcomponent.roles)
    return tuple(host for host in hosts if host.name not in without)


def listening_places(
    cluster: Cluster, subcomponent: str, hosts: Iterable[Host]
) -> tuple[Place, ...]:
    """The addresses at which a subcomponent is expected to listen.

    Behind a virtual IP it is expected once for the group, not once for each host.
    """
    serving = [vip for vip in cluster.virtual_ips if subcomponent in vip.serves]
    behind = {member for vip in serving for member in vip.hosts}
    hosts = tuple(hosts)
    names = {host.name for host in hosts}
    places = [
        Place(name=vip.name, address=vip.address, hosts=vip.hosts, virtual=True)
        for vip in serving
        if names & set(vip.hosts)
    ]
    places += [place_of(host) for host in hosts if host.name not in behind]
    return tuple(places)


def place_of(host: Host) -> Place:
    """A host at its private address, where its peers meet it."""
    return Place(name=host.name, address=host.private, hosts=(host.name,))
