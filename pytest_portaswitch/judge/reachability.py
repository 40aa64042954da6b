"""Does the port answer from the host that must reach it?"""

from __future__ import annotations

from pytest_portaswitch.facts.answer import PROVES
from pytest_portaswitch.facts.model import HostFacts, ProbeResult
from pytest_portaswitch.judge import datagram, in_use, path, seen, unsound, writable
from pytest_portaswitch.judge.by_hand import datagram as datagram_by_hand
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap, internal_error, recorded
from pytest_portaswitch.judge.verdict import Verdict, WhyUnknown
from pytest_portaswitch.plan.check import Check, Reaches
from pytest_portaswitch.tables.ladder import Grade, reaches
from pytest_portaswitch.text.command import Command, run


def judge_reachability(check: Check, expects: Reaches, facts: Facts) -> Verdict:
    """Holds when the probe's grade is at least the one that the row names."""
    place, ports = expects.destination, expects.ports
    expected = (
        f"{ports.words} of {place.name} ({place.address}) "
        f"at least {expects.least_grade} from {expects.source}"
    )
    if expects.question:
        expected += f", asked by {expects.question}"
    source = facts_of(expects.source, facts, expected)
    if isinstance(source, Verdict):
        return source
    by_port = {n: _judge_port(expects, source, n, facts, expected) for n in ports.numbers}
    held = in_use.held(expects, source)
    if ports.demand == "one":
        port, verdict = _judge_choice(
            expects, source, by_port, facts, {c.remote_port for c in held}
        )
    else:
        port, verdict = min(by_port.items(), key=_order)
    there = tuple(connection for connection in held if connection.remote_port == port)
    verdict = in_use.considered(check, source, verdict, there)
    return writable.considered(expects, verdict, facts)


_ORDER = {"fail": 0, "unknown": 1, "pass": 2, "waived": 3}


def _order(judged: tuple[int, Verdict]) -> int:
    return _ORDER[judged[1].verdict]


def _judge_port(
    expects: Reaches, source: HostFacts, port: int, facts: Facts, expected: str
) -> Verdict:
    key = f"{expects.ports.transport}:{expects.destination.address}:{port}"
    result = seen.probe(source, key)
    if result is None:
        why = source.gap("probes") or "the probe was not sent"
        return gap(source.host, f"probe {key}", why, expected)
    words = f"{'udp' if expects.ports.transport == 'udp' else 'tcp'}/{port}"
    reproduce = _by_hand(expects, port)
    evidence = (result_words(source, result), *datagram.evidence(result))
    grade = grade_of(result)
    refusal = _refusal(result)
    comes_through = _comes_through(expects, result)
    unasked = None if comes_through else _unasked(source, result, expected)
    if unasked:
        return unasked
    if grade is None and result.detail != "EPERM":
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"the probe could not be sent from {source.host}: {result.detail}",
            cause=f"{source.host} could not probe: {result.detail}",
            fault=fault("cannot-probe", source.host),
            evidence=evidence,
            reproduce=reproduce,
        )
    if refusal:
        is_open = result.answer is not None and PROVES[result.answer.finding] == "unknown"
        refuses = "refuses" if not is_open else "may refuse"
        return Verdict(
            verdict="unknown" if is_open else "fail",
            why_unknown="not-assessable" if is_open else "",
            grade=grade,
            expected=expected,
            observed=f"{words} answered, but with a refusal",
            cause=f"{expects.destination.name} {refuses} {expects.source} on {words}: {refusal}",
            fault=fault(
                f"refused-{result.answer.finding}" if result.answer else "refused",
                expects.destination.name,
                expects.server or words.replace("/", "-"),
                detail=refusal,
            ),
            evidence=evidence,
            reproduce=reproduce,
        )
    if result.smaller or (comes_through and result.lost):
        found = Verdict(
            verdict="fail",
            grade=grade,
            expected=expected,
            observed=f"{words} {grade}",
            evidence=evidence,
            reproduce=reproduce,
        )
        return unsound.judge(expects, words, found, result, facts)
    if comes_through:
        said = f": {result.answer.words}" if result.answer and result.answer.words else ""
        return Verdict(
            verdict="pass",
            grade=grade,
            expected=expected,
            observed=f"{words} {grade} in {result.elapsed * 1000:.0f} ms from "
            f"{result.source}{said}",
            evidence=evidence,
            reproduce=reproduce,
        )
    if expects.protocol and result.answer is None and grade in ("connected", "delivered"):
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            grade=grade,
            expected=expected,
            observed=f"{words} {grade}, but nobody asked whether it answers",
            cause=f"{source.host} could not probe: {result.detail or 'nothing was asked'}",
            fault=fault("cannot-probe", source.host),
            evidence=evidence,
            reproduce=reproduce,
        )
    story = path.explain(expects, port, grade, result, facts)
    open_question = result.outcome == "silent" and expects.ports.transport == "udp"
    open_question = open_question and datagram.is_open_question(result, expects.source, facts)
    open_question = open_question and story.fault.code not in path.PROVED
    if story.fault.code == unsound.LOSSY:
        reproduce = unsound.echoes(expects, story.fault, result, facts)
    # Without a secret nobody owes an answer. Otherwise one was due, and nothing is known.
    nature: WhyUnknown = path.OPEN.get(story.fault.code, "unanswered" if open_question else "")
    return Verdict(
        verdict="unknown" if nature else "fail",
        why_unknown=nature,
        grade=grade,
        expected=expected,
        observed=story.observed,
        cause=story.cause,
        fault=story.fault,
        evidence=evidence + story.evidence,
        reproduce=reproduce,
    )


def _unasked(source: HostFacts, result: ProbeResult, expected: str) -> Verdict | None:
    """Unknown, where this side could not ask, or not read the reply; None where it could."""
    answer = result.answer
    if answer is None or answer.finding not in ("internal-error", "algorithm-refused"):
        return None
    lost = f"the reply to probe {result.key} from {source.host} could not be read"
    if answer.finding == "internal-error":
        return internal_error(expected, lost, recorded(source, result.key))
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"{result.key} was not asked from {source.host}: {answer.words}",
        cause=answer.words,
        fault=fault("algorithm-refused", answer.details.get("algorithm", ""), detail=answer.words),
    )


def grade_of(result: ProbeResult) -> Grade | None:
    """The rung that a result stands on; None where the probe was not sent.

    A datagram that came back, or was seen arriving, proves delivery; what was recognised in a
    reply may prove more.
    """
    if result.answer and result.answer.answered:
        return "answered"
    if result.outcome == "silent" and result.arrival and result.arrival.seen:
        return "delivered"
    if datagram.other_reply(result):
        return "delivered"
    rungs: dict[str, Grade] = {
        "connected": "connected",
        "replied": "delivered",
        "silent": "silent",
        "refused": "refused",
        "unreachable": "unreachable",
    }
    return rungs.get(result.outcome)


def _judge_choice(
    expects: Reaches,
    source: HostFacts,
    by_port: dict[int, Verdict],
    facts: Facts,
    held: set[int | None],
) -> tuple[int, Verdict]:
    """Of several ports one must work, the same one from every peer; which, and what is said of it.

    A port to which a connection is held is the one that must: that another one answers is no help
    to who does not use it.
    """
    working = {port for port, verdict in by_port.items() if verdict.verdict == "pass"}
    in_use = {port: verdict for port, verdict in by_port.items() if port in held}
    if in_use.keys() - working:
        return min(in_use.items(), key=_order)
    if not working:
        return max(by_port.items(), key=_order)
    peers = {
        other.host: theirs
        for other in facts.values()
        if isinstance(other, HostFacts)
        and other.host != source.host
        and (theirs := _working(expects, other))
    }
    common = working.intersection(*peers.values())
    if not common:
        name = expects.destination.name
        best = by_port[min(working)]
        others = [f"{h} only {_numbers(t)}" for h, t in peers.items() if not t >= working]
        return 0, Verdict(
            verdict="fail",
            grade=best.grade,
            expected=f"{best.expected}, the same port from every peer",
            observed=f"{source.host} reaches {_numbers(working)}, but {', '.join(others)}",
            cause=f"the peers of {name} do not all reach the same port of {expects.ports.words}",
            fault=fault("different-ports", name),
            evidence=best.evidence,
            reproduce=best.reproduce,
        )
    used = min(common & in_use.keys() or common)
    # Nobody's connection shows that a port is in use where its own process is connected to another.
    which = "in use here" if used in in_use or not in_use else "that every peer reaches"
    return used, Verdict(
        verdict="pass",
        grade=by_port[used].grade,
        expected=by_port[used].expected,
        observed=f"{by_port[used].observed}; port {used} is the one {which}, pin it in the "
        f"cluster file: {expects.destination.name}: {{mysql: {used}}}",
        evidence=tuple(line for verdict in by_port.values() for line in verdict.evidence),
        reproduce=by_port[used].reproduce,
    )


def _working(expects: Reaches, other: HostFacts) -> set[int]:
    """The ports of the choice that another host reaches, as far as it tried."""
    start = f"{expects.ports.transport}:{expects.destination.address}"
    results = {port: seen.probe(other, f"{start}:{port}") for port in expects.ports.numbers}
    return {port for port, result in results.items() if result and _comes_through(expects, result)}


def _comes_through(expects: Reaches, result: ProbeResult) -> bool:
    """Whether a probe got as far as the row demands, and was not refused there."""
    grade = grade_of(result)
    return grade is not None and reaches(grade, expects.least_grade) and not _refusal(result)


def _refusal(result: ProbeResult) -> str:
    """The words in which the service says that it does not serve."""
    answer = result.answer
    return answer.words or answer.finding if answer and answer.answered and answer.fault else ""


def _numbers(ports: set[int]) -> str:
    return " and ".join(str(port) for port in sorted(ports))


def result_words(source: HostFacts, result: ProbeResult) -> str:
    """One line of evidence for a probe."""
    detail = f" ({result.detail})" if result.detail else ""
    return (
        f"probe {result.key} from {source.host} {result.source or '-'}: "
        f"{result.outcome}{detail} after {result.elapsed:.3f} s"
    )


def _by_hand(expects: Reaches, port: int) -> Command:
    address, source = expects.destination.address, expects.source
    if expects.protocol == "mysql":
        # A bare connect counts towards max_connect_errors; a refused login does not.
        where = ("--connect-timeout=3", "-h", address, "-P", port)
        return run(source, "mysqladmin", *where, "ping")
    if expects.ports.transport == "tls":
        at = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        return (*run(source, "openssl", "s_client", "-connect", at), " </dev/null")
    if expects.ports.transport == "udp":
        return datagram_by_hand(expects, port)
    return run(source, "nc", "-vz", "-w", 3, address, port)
