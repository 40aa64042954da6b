"""The two binding sentences: a connection to every host, and over the private interface."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import msgspec

from pytest_portaswitch.facts.model import HostFacts, ProbeResult, Route
from pytest_portaswitch.judge import addressing, identity, path, seen
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.gateways import gateways
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict, warned
from pytest_portaswitch.plan.check import Check, HasConnection, UsesPrivate
from pytest_portaswitch.tables.ladder import Grade
from pytest_portaswitch.text.command import on, run


def judge_connection(check: Check, expects: HasConnection, facts: Facts) -> Verdict:
    """Holds when the host answered an echo, or took or itself refused a connection to its ssh port.

    A firewall refuses as well. A refusal is the host's own where nothing listens on the port and no
    echo was rejected.
    """
    place, address = expects.destination, expects.destination.address
    expected = f"{expects.source} reaches {place.name} at its private address {address}"
    source = facts_of(expects.source, facts, expected)
    if isinstance(source, Verdict):
        return source
    keys = (f"icmp:{address}:0", f"tcp:{address}:{expects.login_port}")
    results = [result for key in keys if (result := seen.probe(source, key))]
    tried = {result.key: result for result in results if result.outcome != "error"}
    words = tuple(f"{result.key} {result.outcome}{_detail(result)}" for result in results)
    outcomes = {result.outcome for result in tried.values()}
    telling: tuple[Grade, ...] = ("refused", "unreachable")
    grade: Grade = next((one for one in telling if one in outcomes), "silent")
    found = Verdict(
        verdict="fail",
        grade=grade,
        expected=expected,
        observed="; ".join(words),
        evidence=words,
        reproduce=run(expects.source, "ping", "-c", 1, "-W", 3, address),
    )
    arrived = next((r for r in tried.values() if r.outcome in ("connected", "replied")), None)
    if arrived is not None:
        return msgspec.structs.replace(
            found,
            verdict="pass",
            grade="connected" if arrived.outcome == "connected" else "delivered",
            observed=f"{arrived.key} {arrived.outcome} in {arrived.elapsed * 1000:.0f} ms",
        )
    if not tried:
        why = source.gap("probes") or "; ".join(words) or "no probe was sent"
        return gap(source.host, f"probe of {address}", why, expected)
    echo = tried.get(keys[0])
    if grade == "refused":
        if echo is None or echo.outcome == "silent":
            return _refused(expects, found, facts)
        # No host rejects an echo, so that what did may have refused the connection as well.
        rest = f"{_detail(echo)}, and tcp/{expects.login_port} does not come through either"
        return _rejected(expects, found, "an echo", rest)
    if grade == "unreachable" and path.came_through(source, address, but=keys):
        told = next(result for result in tried.values() if result.outcome == "unreachable")
        what = "an echo" if told is echo else f"tcp/{expects.login_port}"
        rest = f"{_detail(told)}, where other probes come through"
        return _rejected(expects, found, what, rest)
    return msgspec.structs.replace(
        found,
        cause=f"{place.name} ({address}) does not answer on the private network",
        fault=fault("no-echo", expects.source, place.name),
    )


def _refused(expects: HasConnection, found: Verdict, facts: Facts) -> Verdict:
    """The ssh port was refused: by the host or by a firewall, as far as the host's sockets show."""
    place, port = expects.destination, f"tcp/{expects.login_port}"
    listening, shown = path.listening_at(place, "tcp", expects.login_port, facts)
    if listening == "no":
        return msgspec.structs.replace(
            found,
            verdict="pass",
            grade="delivered",
            observed=f"{place.name} refuses {port}, on which nothing listens there",
            evidence=found.evidence + shown,
        )
    if listening in ("yes", "stopped", "hung"):
        by_hand = run(expects.source, "nc", "-vz", "-w", 3, place.address, expects.login_port)
        found = msgspec.structs.replace(found, evidence=found.evidence + shown, reproduce=by_hand)
        return _rejected(expects, found, port, ", which listens")
    # A refusal alone does not tell who refused.
    unseen = facts_of(place.hosts[0], facts, found.expected)
    if isinstance(unseen, HostFacts):
        why = unseen.gap("sockets") or "whether [::] takes IPv4 could not be read"
        unseen = gap(unseen.host, "sockets", why, found.expected)
    return msgspec.structs.replace(
        unseen,
        grade="refused",
        observed=f"{found.observed}; {place.name} is {listening.partition(' ')[2]}, so that a "
        "firewall may have refused",
        evidence=found.evidence,
    )


def _rejected(expects: HasConnection, found: Verdict, what: str, rest: str) -> Verdict:
    source, name = expects.source, expects.destination.name
    return msgspec.structs.replace(
        found,
        cause=f"a firewall rejects {what} between {source} and {name}{rest}",
        fault=fault("rejected", source, name),
    )


def _detail(result: ProbeResult) -> str:
    return f" ({result.detail})" if result.detail else ""


def judge_private_interface(check: Check, expects: UsesPrivate, facts: Facts) -> Verdict:
    """Holds when the route to every peer leaves by the private interface and address.

    What the cluster file itself says of the host, and is odd, is a warning whatever was seen.
    """
    found = _judge_routes(expects, facts)
    host = facts.get(expects.host)
    is_another = found.fault is not None and found.fault.code in identity.MISTAKEN
    if isinstance(host, HostFacts) and not is_another:
        found = warned(found, gateways(host))
    return warned(found, _declared_oddities(expects))


def _declared_oddities(expects: UsesPrivate) -> Iterator[tuple[str, Fault]]:
    for role, others in expects.shared.items():
        line = f"{expects.host} has the role {role} and others besides: {', '.join(others)}; "
        line += "the vendor's layouts give that role a server of its own"
        yield line, fault("shared-server", expects.host, role, detail=", ".join(others))
    for address, network in expects.reserved.items():
        yield reserved_address(address, expects.host, network)


def _judge_routes(expects: UsesPrivate, facts: Facts) -> Verdict:
    expected = (
        f"routes from {expects.host} to its {len(expects.peers)} peers leave by the interface "
        f"that holds {expects.address}"
        if expects.peers
        else f"an interface of {expects.host} holds {expects.address}"
    )
    host = facts_of(expects.host, facts, expected)
    if isinstance(host, Verdict):
        return host
    for what in ("interfaces", "routes"):
        if why := host.gap(what):
            return gap(host.host, what, why, expected)
    some_peer = next(iter(expects.peers.values()), "")
    by_route = ("route", "get", some_peer) if some_peer else ("-brief", "address")
    reproduce = run(host.host, "ip", *by_route)
    if mistaken := identity.mistaken(host, expects.address, facts):
        return Verdict(
            verdict="fail",
            expected=f"{host.host} is the machine that has {expects.address}",
            observed=mistaken.detail,
            cause=mistaken.detail,
            fault=mistaken,
            evidence=tuple(f"{i.name}: {', '.join(i.addresses)}" for i in host.interfaces),
            reproduce=on(host.host, "hostname; ip -brief address"),
        )
    interface = addressing.holds(host, expects.address)
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
    if twice := addressing.held_twice(expects.address, host.host, facts):
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{twice.detail} hold {expects.address} at once",
            cause=f"the address {expects.address} is held by {twice.detail}: what is sent there "
            "reaches one or the other",
            fault=twice,
            evidence=tuple(
                f"{name}: {interface}"
                for name, other in sorted(facts.items())
                if isinstance(other, HostFacts)
                and (interface := addressing.uses(other, expects.address))
            ),
            reproduce=run(host.host, "ip", "-brief", "address"),
        )
    wrong: dict[str, str] = {}
    for peer, departure in departures(expects, host).items():
        if departure is None:
            return gap(host.host, f"route to {peer}", "it was not brought back", expected)
        if departure:
            wrong[peer] = f"{peer} ({expects.peers[peer]}): {departure}"
    if wrong:
        first = next(iter(wrong))
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{len(wrong)} of {len(expects.peers)} peers otherwise, first {wrong[first]}",
            cause=f"{host.host} does not use its private interface {interface} to its peers",
            fault=fault("wrong-route", host.host),
            evidence=tuple(wrong.values()),
            reproduce=run(host.host, "ip", "route", "get", expects.peers[first]),
        )
    holds = Verdict(
        verdict="pass",
        expected=expected,
        observed=f"all {len(expects.peers)} routes leave by {interface} from {expects.address}"
        if expects.peers
        else f"{interface} holds {expects.address}",
        evidence=tuple(f"{r.to} dev {r.interface} src {r.source}" for r in host.routes[:5]),
        reproduce=reproduce,
    )
    return warned(holds, identity.oddities(host, expects.address, facts))


def reserved_address(address: str, where: str, network: str) -> tuple[str, Fault]:
    """The warning of an address of the cluster file that PortaSwitch keeps for itself."""
    line = f"{address} of {where} lies in {network}, which PortaSwitch keeps for itself"
    return line, fault("reserved-network", network)


def departures(expects: UsesPrivate, host: HostFacts) -> dict[str, str | None]:
    """By peer: how the route to it departs from the private interface; empty where it does not,
    None where the host did not bring it back.
    """
    interface = addressing.holds(host, expects.address)
    routes = {ipaddress.ip_address(route.to): route for route in host.routes}
    found: dict[str, str | None] = {}
    for peer, address in expects.peers.items():
        route = routes.get(ipaddress.ip_address(address))
        found[peer] = None if route is None else _departure(route, interface, expects.address)
    return found


def _departure(route: Route, interface: str, address: str) -> str:
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
