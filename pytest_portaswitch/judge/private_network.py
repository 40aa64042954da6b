"""The two binding sentences: a connection to every host, and over the private interface."""

from __future__ import annotations

import ipaddress
from shlex import quote

from pytest_portaswitch.facts.model import HostFacts, Route
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, HasConnection, UsesPrivate

ARRIVED = frozenset({"connected", "replied", "refused"})
"""Outcomes that only a host which was reached can cause."""


def judge_connection(check: Check, expects: HasConnection, facts: Facts) -> Verdict:
    """Holds when the host answered an echo, or took or refused a connection to its ssh port."""
    address = expects.destination.address
    expected = (
        f"{expects.source} reaches {expects.destination.name} at its private address {address}"
    )
    source = facts_of(expects.source, facts, expected)
    if isinstance(source, Verdict):
        return source
    keys = (f"icmp:{address}:0", f"tcp:{address}:{expects.login_port}")
    results = [result for key in keys if (result := seen.probe(source, key))]
    tried = [result for result in results if result.outcome != "error"]
    reproduce = f"ssh {quote(expects.source)} ping -c 1 -W 3 {address}"
    words = tuple(
        f"{result.key} {result.outcome}" + (f" ({result.detail})" if result.detail else "")
        for result in results
    )
    arrived = next((result for result in tried if result.outcome in ARRIVED), None)
    if arrived is not None:
        return Verdict(
            verdict="pass",
            grade="connected" if arrived.outcome == "connected" else "delivered",
            expected=expected,
            observed=f"{arrived.key} {arrived.outcome} in {arrived.elapsed * 1000:.0f} ms",
            evidence=words,
            reproduce=reproduce,
        )
    if not tried:
        why = source.gap("probes") or "; ".join(words) or "no probe was sent"
        return gap(source.host, f"probe of {address}", why, expected)
    return Verdict(
        verdict="fail",
        grade="unreachable" if tried[0].outcome == "unreachable" else "silent",
        expected=expected,
        observed="; ".join(words),
        cause=f"{expects.destination.name} ({address}) does not answer on the private network",
        fault=fault("no-echo", expects.source, expects.destination.name),
        evidence=words,
        reproduce=reproduce,
    )


def judge_private_interface(check: Check, expects: UsesPrivate, facts: Facts) -> Verdict:
    """Holds when the route to every peer leaves by the private interface and address."""
    expected = (
        f"routes from {expects.host} to its {len(expects.peers)} peers leave by the interface "
        f"that holds {expects.address}"
    )
    host = facts_of(expects.host, facts, expected)
    if isinstance(host, Verdict):
        return host
    for what in ("interfaces", "routes"):
        if why := host.gap(what):
            return gap(host.host, what, why, expected)
    some_peer = next(iter(expects.peers.values()))
    reproduce = f"ssh {quote(host.host)} ip route get {some_peer}"
    interface = seen.holds(host, expects.address)
    if not interface:
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"no interface of {host.host} holds {expects.address}",
            cause=f"{host.host} does not have its private address {expects.address}",
            fault=fault("no-private-address", host.host),
            evidence=tuple(f"{i.name}: {', '.join(i.addresses)}" for i in host.interfaces),
            reproduce=reproduce,
        )
    routes = {ipaddress.ip_address(route.to): route for route in host.routes}
    wrong: list[str] = []
    for peer, address in expects.peers.items():
        route = routes.get(ipaddress.ip_address(address))
        if route is None:
            return gap(host.host, f"route to {peer}", "it was not brought back", expected)
        if departure := _departure(route, interface, expects.address, host):
            wrong.append(f"{peer} ({address}): {departure}")
    if wrong:
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{len(wrong)} of {len(expects.peers)} peers otherwise, first {wrong[0]}",
            cause=f"{host.host} does not use its private interface {interface} to its peers",
            fault=fault("wrong-route", host.host),
            evidence=tuple(wrong),
            reproduce=reproduce,
        )
    return Verdict(
        verdict="pass",
        expected=expected,
        observed=f"all {len(expects.peers)} routes leave by {interface} from {expects.address}",
        evidence=tuple(f"{r.to} dev {r.interface} src {r.source}" for r in host.routes[:5]),
        reproduce=reproduce,
    )


def _departure(route: Route, interface: str, address: str, host: HostFacts) -> str:
    """How a route departs from the private interface, or empty."""
    if route.error:
        return route.error
    if route.interface != interface:
        return f"leaves by {route.interface or 'no interface'} instead of {interface}"
    if not route.source:
        return "its source address could not be read"
    if ipaddress.ip_address(route.source) != ipaddress.ip_address(address):
        return f"is sent from {route.source} instead of {address}"
    return ""
