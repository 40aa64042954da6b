"""Do the ports of a range take what its peers send? Sampled, and seen at the destination."""

from __future__ import annotations

from pytest_portaswitch.facts.model import HostFacts, ProbeResult
from pytest_portaswitch.judge import path, slices, unsampled
from pytest_portaswitch.judge.by_hand import datagram
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.reachability import grade_of, result_words
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, Place, Reaches


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
            return unsampled.no_python(source.host, expected)
        if not results and (unsafe := unsampled.nobody_tells(expects, facts, expected)):
            return unsafe
        why = source.gap("probes") or "there was no second round"
        if results:
            # A port in use is left to its call, and another tried in its place.
            missing = f"{len(expects.sample) - len(results)} of {len(expects.sample)}"
            why = f"{missing} were not sent, since all ports of {place.name} are in use there"
        return gap(source.host, f"probes of {ports.words}", why, expected)
    forbidden = [r for r in results if r.outcome == "error" and r.detail == "EPERM"]
    if forbidden:
        return _forbidden(expects, source, results, forbidden, expected)
    unsent = [result for result in results if result.outcome == "error"]
    if unsent:
        return _unsent(expects, source, unsent[0], expected)
    rejected = [result for result in results if _is_rejected(result)]
    keys = {result.key for result in results}
    if len(rejected) == len(results) and all(r.outcome == "unreachable" for r in rejected):
        arrived = any(_arrived(result) for result in rejected)
        if not arrived and not path.came_through(source, place.address, but=keys):
            return _no_path(expects, source, rejected[0], expected)
    lost = [r for r in results if _arrived(r) is False and not _is_rejected(r)]
    if rejected or lost:
        return _blocked(expects, results, rejected, lost, expected)
    blind = [result for result in results if _arrived(result) is None]
    if blind:
        return unsampled.blind(expects, blind[0], facts, expected)
    unproved = any(result.outcome != "replied" for result in results)
    limits = (
        f", as seen at an interface of {_watcher(results, place)}: a firewall of its own could "
        "still drop or reject them behind that"
    )
    return Verdict(
        verdict="pass",
        grade="delivered",
        expected=expected,
        observed=f"all {len(results)} arrive, from {_port(results[0])} to {_port(results[-1])}"
        f"{limits if unproved else ''}",
        evidence=(f"sampled: {', '.join(str(_port(result)) for result in results)}",),
        reproduce=datagram(expects, _port(results[0])),
    )


def _results(expects: Reaches, source: HostFacts) -> list[ProbeResult]:
    """Those within the range, by port: a port in use was left alone for its neighbour."""
    low, high = expects.ports.numbers[0], expects.ports.numbers[-1]
    start = f"udp:{expects.destination.address}:"
    found = [result for result in source.probes if result.key.startswith(start)]
    return sorted((result for result in found if low <= _port(result) <= high), key=_port)


def _port(result: ProbeResult) -> int:
    return int(result.key.rpartition(":")[2])


def _arrived(result: ProbeResult) -> bool | None:
    # A reply shows that the datagram arrived as surely as a watcher does.
    if result.outcome == "replied":
        return True
    return result.arrival.seen if result.arrival else None


def _is_rejected(result: ProbeResult) -> bool:
    """Whether somebody said that it may not pass.

    That a port is unreachable is what a healthy host says as well where nobody listens, so that it
    tells something only of what did not arrive there.
    """
    refused = result.outcome == "refused" and _arrived(result) is False
    return refused or result.outcome == "unreachable"


def _watcher(results: list[ProbeResult], place: Place) -> str:
    watchers = (result.arrival.watcher for result in results if result.arrival)
    return next((watcher for watcher in watchers if watcher), place.name)


def _forbidden(
    expects: Reaches,
    source: HostFacts,
    results: list[ProbeResult],
    forbidden: list[ProbeResult],
    expected: str,
) -> Verdict:
    """The source's own kernel does not let out some of them, or any."""
    place, ports = expects.destination, expects.ports
    tried, bad = [_port(result) for result in results], [_port(result) for result in forbidden]
    observed, what = f"{source.host} itself forbids to send", ports.words
    found = fault("own-firewall", source.host)
    if bad != tried:
        spans = slices.spans(tried, bad)
        observed += f" to {len(bad)} of {len(tried)} sampled ports"
        what = f"{slices.words(spans)}, as far as sampled,"
        found = fault("slice-forbidden", source.host, detail=slices.words(spans))
    observed += f" ({forbidden[0].detail})"
    if bad != tried:
        observed += f": {slices.listed(bad)}; {slices.around(spans, 'was tried')}"
    return Verdict(
        verdict="fail",
        expected=expected,
        observed=observed,
        cause=f"blocked by {source.host}'s own firewall: {what} to {place.name}",
        fault=found,
        evidence=tuple(result_words(source, result) for result in forbidden[:3]),
        reproduce=datagram(expects, bad[0]),
    )


def _unsent(expects: Reaches, source: HostFacts, result: ProbeResult, expected: str) -> Verdict:
    words = f"{expects.ports.words} of {expects.destination.name}"
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"{result.key} {result.outcome} ({result.detail})",
        cause=f"{source.host} could not probe {words}: {result.detail}",
        fault=fault("cannot-probe", source.host),
        evidence=(result_words(source, result),),
        reproduce=datagram(expects, _port(result)),
    )


def _no_path(expects: Reaches, source: HostFacts, result: ProbeResult, expected: str) -> Verdict:
    place = expects.destination
    return Verdict(
        verdict="fail",
        grade="unreachable",
        expected=expected,
        observed=f"{result.key} {result.outcome} ({result.detail})",
        cause=f"{source.host} has no path to {place.address} of {place.name} ({result.detail})",
        fault=fault("no-path", source.host, place.name),
        evidence=(result_words(source, result),),
        reproduce=datagram(expects, _port(result)),
    )


def _blocked(
    expects: Reaches,
    results: list[ProbeResult],
    rejected: list[ProbeResult],
    lost: list[ProbeResult],
    expected: str,
) -> Verdict:
    """Some or all of the sampled ports are lost or rejected: which, and where, as far as known."""
    place, source, ports = expects.destination, expects.source, expects.ports
    tried = [_port(result) for result in results]
    bad = sorted(_port(result) for result in (*rejected, *lost))
    whole = len(bad) == len(tried)
    itself = any(_arrived(result) for result in rejected)
    # A kernel tells each peer of only so many datagrams a second that it rejects.
    untold = {_port(r) for r in results if itself and r.outcome == "silent"} - set(bad)
    spans = slices.spans([port for port in tried if port not in untold], bad)
    part = ports.words if whole else slices.words(spans)
    told = [
        f"{len(found)} of {len(tried)} sampled ports {what}"
        for found, what in (
            (lost, "do not arrive"),
            (rejected, f"are rejected ({', '.join(sorted({r.detail for r in rejected}))})"),
        )
        if found
    ]
    observed = " and ".join(told)
    if not whole:
        known = "told more" if untold else "was tried"
        observed += f": {slices.listed(bad)}; {slices.around(spans, known)}"
    where = part if whole else f"{part}, as far as sampled,"
    cause = f"{where} is lost between {source} and {place.name}"
    if itself:
        watcher = _watcher(rejected, place)
        observed += f"; seen at an interface of {watcher}, which rejects them itself"
        if untold:
            observed += f", and need not say so of the others that arrive ({len(untold)})"
        cause = f"a firewall of {watcher} itself rejects {where} from {source}"
    elif rejected:
        cause = f"a firewall rejects {where} between {source} and {place.name}"
    return Verdict(
        verdict="fail",
        grade=grade_of(rejected[0]) if rejected else "silent",
        expected=expected,
        observed=observed,
        cause=cause,
        fault=fault("rejected" if rejected else "lost-on-the-way", source, place.name)
        if whole
        else fault(
            "slice-rejected" if rejected else "slice-lost",
            place.name,
            expects.server,
            detail=part,
        ),
        evidence=(
            *(
                [f"rejected: {slices.some([_port(result) for result in rejected])}"]
                if rejected
                else []
            ),
            *([f"lost: {slices.some([_port(result) for result in lost])}"] if lost else []),
            f"arrived: {slices.some([port for port in tried if port not in set(bad)])}",
        ),
        reproduce=datagram(expects, bad[0]),
    )
