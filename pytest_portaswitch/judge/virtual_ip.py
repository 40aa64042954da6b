"""Which host of a group holds its virtual IP now?"""

from __future__ import annotations

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge import addressing
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
    others = [h for name, h in sorted(facts.items()) if name not in place.hosts]
    strangers = [host for host in others if isinstance(host, HostFacts)]
    holders = addressing.met_at((*seen_hosts, *strangers), place.address)
    if len(holders) == 1 and holders[0] in seen_hosts:
        return holders[0]
    if not holders and unseen:
        return unseen[0]
    reproduce = run((holders[0].host if holders else place.hosts[0]), "ip", "-brief", "address")
    evidence = tuple(
        f"{host.host}: {addressing.uses(host, place.address) or _why_not(host, place.address)}"
        for host in (*seen_hosts, *strangers)
        if addressing.holds(host, place.address)
    )
    if not holders:
        unused = "".join(f"; {line}" for line in evidence)
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"none of {', '.join(place.hosts)} holds {place.address}{unused}",
            cause=f"virtual IP {place.name} ({place.address}) is held by no host",
            fault=fault("virtual-ip-nowhere", place.name),
            evidence=evidence,
            reproduce=reproduce,
        )
    names = " and ".join(host.host for host in holders)
    astray = [host.host for host in holders if host in strangers]
    told = ""
    if astray:
        verb = "is" if len(astray) == 1 else "are"
        told = f", of which {' and '.join(astray)} {verb} not in its group"
        if len(holders) == len(astray):
            told = f", which {verb} not in its group"
    only = len(holders) == 1
    return Verdict(
        verdict="fail",
        expected=expected,
        observed=f"{names} {'holds' if only else 'hold'} {place.address}"
        f"{'' if only else ' at once'}{told}",
        cause=f"virtual IP {place.name} ({place.address}) is held by {names}"
        f"{told or ': split brain'}",
        fault=fault("virtual-ip-astray" if only else "virtual-ip-twice", place.name),
        evidence=evidence,
        reproduce=reproduce,
    )


def _why_not(host: HostFacts, address: str) -> str:
    """Why a host that has an address is not met there."""
    name = addressing.holds(host, address)
    up = any(interface.up for interface in host.interfaces if interface.name == name)
    if up:
        return f"{name} has it, and another host was found to use it (duplicate address detection)"
    return f"{name} has it, and is down"
