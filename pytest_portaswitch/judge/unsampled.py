"""Why nobody can tell whether the ports of a range take what is sent there."""

from __future__ import annotations

from pytest_portaswitch.facts.model import HostFacts, ProbeResult
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.by_hand import datagram
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Place, Reaches


def no_python(host: str, expected: str) -> Verdict:
    """Its shell can take no part in a second round."""
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"{host} took no part in a second round, in which targets watch",
        cause=f"{host} could not probe: no Python on the host",
        fault=fault("cannot-probe", host),
    )


def nobody_tells(expects: Reaches, facts: Facts, expected: str) -> Verdict | None:
    """Why it is not known which ports calls use, so that nothing is sent; None where it is."""
    place = expects.destination
    if unseen := _unseen(place, facts, expected):
        return unseen
    holders = [host for host in _observed(place, facts) if addressing.is_at(host, place)]
    blurred = next((host for host in holders if host.gap("sockets")), None)
    if blurred is not None:
        return gap(blurred.host, "sockets", blurred.gap("sockets"), expected)
    if holders:
        return None
    why = f"no host that was looked at holds {place.address}"
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"nothing was sent: {why}",
        cause=f"{place.name} could not watch for what arrives: {why}",
        fault=fault("cannot-watch", place.name, detail=why),
    )


def blind(expects: Reaches, result: ProbeResult, facts: Facts, expected: str) -> Verdict:
    """It was sent, and nobody watched whether it arrives."""
    place = expects.destination
    if unseen := _unseen(place, facts, expected):
        return unseen
    why = result.arrival.blind if result.arrival else "there was no second round"
    watcher = (result.arrival and result.arrival.watcher) or place.name
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        grade="silent" if result.outcome == "silent" else "refused",
        expected=expected,
        observed=f"{result.key} {result.outcome}, and nobody watched whether it arrives",
        cause=f"{watcher} could not watch for what arrives: {why}",
        fault=fault("cannot-watch", watcher, detail=why),
        reproduce=datagram(expects, int(result.key.rpartition(":")[2])),
    )


def _observed(place: Place, facts: Facts) -> list[HostFacts]:
    return [host for name in place.hosts if isinstance(host := facts.get(name), HostFacts)]


def _unseen(place: Place, facts: Facts, expected: str) -> Verdict | None:
    observed = _observed(place, facts)
    if not observed:
        unseen = facts_of(place.hosts[0], facts, expected)
        return unseen if isinstance(unseen, Verdict) else None
    shell = next((host.host for host in observed if host.method == "shell"), "")
    return no_python(shell, expected) if shell else None
