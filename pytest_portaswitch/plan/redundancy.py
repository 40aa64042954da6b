"""Each virtual IP has one holder, and behind it hosts that can take over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.binding import reserved_network
from pytest_portaswitch.plan.check import Check, Holds, Listens, Place, StandsBy
from pytest_portaswitch.tables.row import Tables


def checks_of(tables: Tables, cluster: Cluster, checks: Sequence[Check]) -> Iterator[Check]:
    """For each virtual IP one check of its holder, and one of each subcomponent's standby.

    ``checks`` are those of the rows: what has to listen at the address is read off them.
    """
    for vip in cluster.virtual_ips:
        place = Place(name=vip.name, address=vip.address, hosts=vip.hosts, virtual=True)
        yield Check(
            id=f"redundancy:{vip.name}:virtual-ip",
            kind="redundancy",
            row="",
            host=vip.name,
            subcomponent="virtual-ip",
            title=f"Exactly one of {', '.join(vip.hosts)} holds {vip.address}, "
            f"and what {vip.name} serves listens there",
            confidence="site",
            expects=Holds(
                place=place,
                listens=_listens(vip.name, checks),
                reserved=reserved_network(tables, vip.address),
            ),
        )
        for name in vip.serves:
            subcomponent = tables.subcomponents[name]
            yield Check(
                id=f"redundancy:{vip.name}:{name}",
                kind="redundancy",
                row="",
                host=vip.name,
                subcomponent=name,
                title=f"{subcomponent.title} has a standby behind virtual IP {vip.name}",
                confidence="site",
                expects=StandsBy(
                    place=place,
                    process=cluster.processes.get(name, subcomponent.process),
                    state=vip.standby.get(name, ""),
                ),
            )


def _listens(name: str, checks: Sequence[Check]) -> tuple[Listens, ...]:
    return tuple(
        check.expects
        for check in checks
        if isinstance(check.expects, Listens) and check.expects.place.name == name
    )
