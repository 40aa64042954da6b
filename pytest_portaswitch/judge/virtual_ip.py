"""Which host of a group holds its virtual IP now?"""

from __future__ import annotations

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Place
from pytest_portaswitch.text.command import run


def holder_of(place: Place, facts: Facts, expected: str) -> HostFacts | Verdict:
    """The one host that holds the address, or the verdict that follows from there being none."""
    seen_hosts: list[HostFacts] = []
    unseen: list[Verdict] = []
    for name in place.hosts:
        host = facts_of(name, facts, expected)
        if isinstance(host, Verdict):
            unseen.append(host)
        elif why := host.gap("interfaces"):
            unseen.append(gap(name, "interfaces", why, expected))
        else:
            seen_hosts.append(host)
    holders = [host for host in seen_hosts if seen.holds(host, place.address)]
    if len(holders) == 1:
        return holders[0]
    if not holders and unseen:
        return unseen[0]
    reproduce = run(place.hosts[0], "ip", "-brief", "address")
    if not holders:
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"none of {', '.join(place.hosts)} holds {place.address}",
            cause=f"virtual IP {place.name} ({place.address}) is held by no host",
            fault=fault("virtual-ip-nowhere", place.name),
            reproduce=reproduce,
        )
    names = " and ".join(host.host for host in holders)
    return Verdict(
        verdict="fail",
        expected=expected,
        observed=f"{names} hold {place.address} at once",
        cause=f"virtual IP {place.name} ({place.address}) is held by {names}: split brain",
        fault=fault("virtual-ip-twice", place.name),
        reproduce=reproduce,
    )
