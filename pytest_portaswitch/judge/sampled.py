"""Do the ports of a range take what its peers send? Sampled, and seen at the destination."""

from __future__ import annotations

from shlex import quote

from pytest_portaswitch.facts.model import HostFacts, ProbeResult
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.reachability import result_words
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, Reaches

_SHOWN = 8


def judge_sampled(check: Check, expects: Reaches, facts: Facts) -> Verdict:
    """Holds when every sampled port is seen arriving at the destination's interface.

    A port of such a range is open only while a call uses it: that it refuses is no failure, and
    that it does not is none either.
    """
    place, ports = expects.destination, expects.ports
    expected = (
        f"{len(expects.sample)} sampled ports of {ports.words} from {expects.source} "
        f"arrive at {place.name} ({place.address})"
    )
    source = facts_of(expects.source, facts, expected)
    if isinstance(source, Verdict):
        return source
    results = _results(expects, source)
    if len(results) < len(expects.sample):
        if source.method == "shell":
            return _no_python(source.host, expected)
        why = source.gap("probes") or "there was no second round"
        return gap(source.host, f"probes of {ports.words}", why, expected)
    unsent = [result for result in results if result.outcome in ("error", "unreachable")]
    if unsent:
        return _unsent(expects, source, unsent[0], expected)
    lost = [port for port, result in _by_port(results) if _arrived(result) is False]
    blind = [result for result in results if _arrived(result) is None]
    if blind and not lost:
        return _blind(expects, blind[0], facts, expected)
    if not lost:
        return Verdict(
            verdict="pass",
            grade="delivered",
            expected=expected,
            observed=f"all {len(results)} arrive, from {_port(results[0])} to {_port(results[-1])}",
            evidence=(f"sampled: {', '.join(str(port) for port, _ in _by_port(results))}",),
            reproduce=_by_hand(expects, _port(results[0])),
        )
    return _lost(expects, results, lost, expected)


def _results(expects: Reaches, source: HostFacts) -> list[ProbeResult]:
    """Those within the range, by port: a port in use was left alone for its neighbour."""
    low, high = expects.ports.numbers[0], expects.ports.numbers[-1]
    start = f"udp:{expects.destination.address}:"
    found = [result for result in source.probes if result.key.startswith(start)]
    return sorted((result for result in found if low <= _port(result) <= high), key=_port)


def _port(result: ProbeResult) -> int:
    return int(result.key.rpartition(":")[2])


def _by_port(results: list[ProbeResult]) -> list[tuple[int, ProbeResult]]:
    return [(_port(result), result) for result in results]


def _arrived(result: ProbeResult) -> bool | None:
    # A reply shows that the datagram arrived as surely as a watcher does.
    if result.outcome == "replied":
        return True
    return result.arrival.seen if result.arrival else None


def _unsent(expects: Reaches, source: HostFacts, result: ProbeResult, expected: str) -> Verdict:
    place = expects.destination
    unreachable = result.outcome == "unreachable"
    words = f"{expects.ports.words} of {place.name}"
    if result.detail == "EPERM":
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{source.host} itself forbids to send ({result.detail})",
            cause=f"blocked by {source.host}'s own firewall: {expects.ports.words} to {place.name}",
            fault=fault("own-firewall", source.host),
            evidence=(result_words(source, result),),
            reproduce=_by_hand(expects, _port(result)),
        )
    return Verdict(
        verdict="fail" if unreachable else "unknown",
        why_unknown="" if unreachable else "not-observed",
        grade="unreachable" if unreachable else None,
        expected=expected,
        observed=f"{result.key} {result.outcome} ({result.detail})",
        cause=f"{source.host} has no path to {place.address} of {place.name} ({result.detail})"
        if unreachable
        else f"{source.host} could not probe {words}: {result.detail}",
        fault=fault("no-path", source.host, place.name)
        if unreachable
        else fault("cannot-probe", source.host),
        evidence=(result_words(source, result),),
        reproduce=_by_hand(expects, _port(result)),
    )


def _no_python(host: str, expected: str) -> Verdict:
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"{host} took no part in a second round, in which targets watch",
        cause=f"{host} could not probe: no Python on the host",
        fault=fault("cannot-probe", host),
    )


def _blind(expects: Reaches, result: ProbeResult, facts: Facts, expected: str) -> Verdict:
    place = expects.destination
    observed = [facts.get(name) for name in place.hosts]
    if not any(isinstance(host, HostFacts) for host in observed):
        unseen = facts_of(place.hosts[0], facts, expected)
        if isinstance(unseen, Verdict):
            return unseen
    shell = next((h.host for h in observed if isinstance(h, HostFacts) and h.method == "shell"), "")
    if shell:
        return _no_python(shell, expected)
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
        reproduce=_by_hand(expects, _port(result)),
    )


def _lost(expects: Reaches, results: list[ProbeResult], lost: list[int], expected: str) -> Verdict:
    place, source, ports = expects.destination, expects.source, expects.ports
    tried = [_port(result) for result in results]
    if len(lost) == len(tried):
        slices = ports.words
        observed = f"none of {len(tried)} sampled ports arrives"
        limits = ""
    else:
        spans = _spans(tried, lost)
        slices = "udp/" + ", ".join(f"{first}-{last}" for first, last, _, _ in spans)
        observed = f"{len(lost)} of {len(tried)} sampled ports do not arrive"
        limits = "; ".join(
            f"lost for certain from {first} to {last}, and nothing is known between "
            f"{before} and {after}, which arrive"
            for first, last, before, after in spans
        )
        limits = f" ({limits})"
    return Verdict(
        verdict="fail",
        grade="silent",
        expected=expected,
        observed=f"{observed}{limits}",
        cause=f"{slices} is lost between {source} and {place.name}",
        fault=fault("lost-on-the-way", source, place.name)
        if len(lost) == len(tried)
        else fault("slice-lost", place.name, expects.server, detail=slices),
        evidence=(
            f"lost: {_some(lost)}",
            f"arrived: {_some([port for port in tried if port not in set(lost)])}",
        ),
        reproduce=_by_hand(expects, lost[0]),
    )


def _spans(tried: list[int], lost: list[int]) -> list[tuple[int, int, str, str]]:
    """Runs of lost ports: first, last, and the tried ports around them that arrive."""
    spans: list[tuple[int, int, str, str]] = []
    gone = set(lost)
    start = 0
    while start < len(tried):
        if tried[start] not in gone:
            start += 1
            continue
        end = start
        while end + 1 < len(tried) and tried[end + 1] in gone:
            end += 1
        before = str(tried[start - 1]) if start else "the range's beginning"
        after = str(tried[end + 1]) if end + 1 < len(tried) else "the range's end"
        spans.append((tried[start], tried[end], before, after))
        start = end + 1
    return spans


def _some(ports: list[int]) -> str:
    shown = ", ".join(str(port) for port in ports[:_SHOWN])
    return f"{shown} and {len(ports) - _SHOWN} more" if len(ports) > _SHOWN else shown or "none"


def _by_hand(expects: Reaches, port: int) -> str:
    address = expects.destination.address
    watch = f"tcpdump -c 1 -ni any udp and dst host {address} and dst port {port}"
    return (
        f"ssh {quote(expects.destination.hosts[0])} sudo timeout 5 {watch} & "
        f"sleep 1; ssh {quote(expects.source)} 'echo | nc -u -w 1 {address} {port}'"
    )
