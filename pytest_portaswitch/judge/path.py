"""Why a probe did not come through: what both ends show, put together."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from pytest_portaswitch.facts.answer import Answer
from pytest_portaswitch.facts.model import HostFacts, ProbeResult, Unobserved
from pytest_portaswitch.judge import accept_queue, addressing, datagram, seen, unsound
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.judge.verdict import WhyUnknown
from pytest_portaswitch.plan.check import Place, Reaches
from pytest_portaswitch.tables.ladder import Grade


class Story(NamedTuple):
    """Why a probe did not come through."""

    observed: str
    cause: str
    fault: Fault
    evidence: tuple[str, ...] = ()
    """What the destination shows."""


def explain(
    expects: Reaches, port: int, grade: Grade | None, result: ProbeResult, facts: Facts
) -> Story:
    """Put what the source met and what the destination shows together."""
    place, source = expects.destination, expects.source
    transport = "udp" if expects.ports.transport == "udp" else "tcp"
    words = f"{transport}/{port}"
    if grade is None:
        return Story(
            f"{source} itself forbids to send ({result.detail})",
            f"blocked by {source}'s own firewall: {words} to {place.name}",
            fault("own-firewall", source),
        )
    listening, evidence = listening_at(place, transport, port, facts)
    if other := datagram.other_reply(result):
        code, cause, whence = datagram.explain_other(expects, words, other, facts)
        found = fault(code, place.name, expects.server or f"{transport}-{port}", detail=whence)
        return Story(f"{words} {grade}{_detail(result)}", cause, found, evidence)
    passing = result.outcome == "unreachable" and _others_pass(expects, result, facts)
    code, cause = _cause(expects, grade, words, listening, result, facts, others_pass=passing)
    if chance := unsound.lost_by_chance(code, expects, result, facts):
        found, cause = unsound.lossy(expects, chance)
        return Story(f"{words} {grade}{_detail(result)}", cause, found, evidence)
    # Of a path, both ends; of a service, the place and what serves there.
    service = expects.server or f"{transport}-{port}"
    subject = (source, place.name) if code in PATH else (place.name, service)
    said = result.answer.words if result.answer else ""
    found = fault(code, *subject, detail=said)
    return Story(f"{words} {grade}{_detail(result)}", cause, found, evidence)


PATH = frozenset({"no-path", "dropped", "rejected"})
"""Codes of what happens between two hosts."""

PROVED = frozenset({"nothing-listens", "frozen", "hung"})
"""Codes of what the destination itself shows, whatever became of the probe."""

OPEN: Mapping[str, WhyUnknown] = {
    "no-secret": "not-assessable",
    "refused-unverified": "not-assessable",
    "role-unproved": "not-assessable",
    "refused-client-certificate": "not-assessable",
    "refused-name-wanted": "not-assessable",
    "hung-up": "unanswered",
    "may-ignore": "unanswered",
}
"""Codes of what leaves open whether the service serves its peers, though it took the question."""

_UNTOLD = frozenset({
    "unverified", "role-unproved", "client-certificate", "name-wanted", "hung-up", "not-obliged",
})  # fmt: skip

_WORDLESS = frozenset({"hung-up", "not-obliged"})

_DEMANDING = frozenset({"client-certificate", "name-wanted"})
"""Of handshakes that do not come about for want of something that a peer may have."""

_SPOKE = frozenset({"not-this-protocol", "not-our-reply", "unreadable", "cut-short"})


def _others_pass(expects: Reaches, result: ProbeResult, facts: Facts) -> bool:
    """Whether something else that the same host sent to the address came through."""
    source = facts.get(expects.source)
    return isinstance(source, HostFacts) and came_through(
        source, expects.destination.address, but=(result.key,)
    )


def came_through(source: HostFacts, address: str, but: Container[str] = ()) -> bool:
    """Whether any probe of a host to an address got there, of those with other keys.

    What is refused may be refused on the way.
    """
    return any(
        result.outcome in ("connected", "replied")
        or datagram.other_reply(result) is not None
        or (result.arrival is not None and result.arrival.seen is True)
        for result in source.probes
        if result.key not in but and _address(result.key) == address
    )


def _address(key: str) -> str:
    return key.partition(":")[2].rpartition(":")[0]


def _cause(
    expects: Reaches,
    grade: Grade,
    words: str,
    listening: str,
    result: ProbeResult,
    facts: Facts,
    *,
    others_pass: bool,
) -> tuple[str, str]:
    """The fault's code and the cause in words."""
    place, source = expects.destination, expects.source
    answer = result.answer
    if grade == "unreachable":
        return _unreachable(expects, words, _detail(result), others_pass=others_pass)
    if shown := _shown(expects, grade, words, listening, result):
        return shown
    if result.outcome == "silent" and expects.ports.transport == "udp":
        known = result.arrival is not None and result.arrival.seen is not None
        if known or not listening.startswith("unobserved"):
            return datagram.explain(expects, words, listening, result, facts)
    if answer and answer.finding in _UNTOLD:
        others = datagram.answered(result, source, facts)
        if others and answer.finding in _WORDLESS:
            # So it owes this question an answer, and gives it to others.
            return "mute", (
                f"{place.name} takes {words}, but does not answer as {expects.protocol}, though "
                f"{datagram.some(others)} answered: {answer.words}"
            )
        return _untold(answer, f"{words} of {place.name}")
    if grade in ("connected", "delivered"):
        said = f": {answer.words}" if answer else ""
        code = "wrong-protocol" if answer and answer.finding in _SPOKE else "mute"
        return code, f"{place.name} takes {words}, but does not answer as {expects.protocol}{said}"
    if listening.startswith("unobserved"):
        state = listening.partition(" ")[2]
        return "undecided", f"{place.name} is {state}; {words} is {grade} from {source}"
    if grade == "refused":
        return (
            "rejected",
            f"a firewall rejects {words} between {source} and {place.name}, which listens",
        )
    return (
        "dropped",
        f"packets to {words} are dropped between {source} and {place.name}, which listens",
    )


def _shown(
    expects: Reaches, grade: Grade, words: str, listening: str, result: ProbeResult
) -> tuple[str, str] | None:
    """What the destination itself shows, or how TLS ended."""
    place, answer = expects.destination, result.answer
    unheard = answer is None or answer.finding not in _SPOKE
    if listening == "hung" and grade in ("silent", "connected") and unheard:
        return "hung", (
            f"the process on {words} of {place.name} accepts no connection: its accept queue is "
            "full"
        )
    demanded = answer is not None and answer.finding in _DEMANDING
    if result.tcp_connected and not demanded:
        return "tls-fails", f"{place.name} takes connections to {words}, but TLS does not come up"
    if listening == "no":
        return "nothing-listens", f"nothing listens on {words} at {place.address} of {place.name}"
    if listening == "stopped":
        return "frozen", f"the process on {words} of {place.name} is stopped (state T)"
    return None


def _unreachable(
    expects: Reaches, words: str, detail: str, *, others_pass: bool
) -> tuple[str, str]:
    place, source = expects.destination, expects.source
    if others_pass:
        return (
            "rejected",
            f"a firewall rejects {words} between {source} and {place.name}{detail}, "
            "where other probes come through",
        )
    return "no-path", f"{source} has no path to {place.address} of {place.name}{detail}"


def _untold(answer: Answer, where: str) -> tuple[str, str]:
    """Of replies from which nothing follows: code and cause, with what would prove more."""
    if answer.finding == "unverified":
        more = "give the secret to prove more"
        return "refused-unverified", f"{where} replies: {answer.words}; {more}"
    if answer.finding == "role-unproved":
        more = "whether it serves what the port is for only a record would tell, and none is sent"
        return "role-unproved", f"{where} replies: {answer.words}; {more}"
    if answer.finding == "client-certificate":
        more = "the audit has none, so that it cannot be told whether the peer's own is taken"
        return "refused-client-certificate", f"{where} cannot be asked: {answer.words}; {more}"
    if answer.finding == "name-wanted":
        return "refused-name-wanted", f"{where} cannot be asked: {answer.words}"
    code = "hung-up" if answer.finding == "hung-up" else "may-ignore"
    return code, f"{where} does not answer: {answer.words}"


def _detail(result: ProbeResult) -> str:
    return f" ({result.detail})" if result.detail else ""


def listening_at(
    place: Place, transport: str, port: int, facts: Facts
) -> tuple[str, tuple[str, ...]]:
    """``yes``, ``no``, ``stopped``, ``hung`` or ``unobserved ...``, with the lines that show it."""
    hosts = [facts.get(name) for name in place.hosts]
    observed = [host for host in hosts if isinstance(host, HostFacts)]
    if place.virtual:
        observed = [host for host in observed if addressing.uses(host, place.address)]
    if not observed:
        return _why_unobserved(place, hosts), ()
    host = observed[0]
    if host.gap("sockets"):
        return f"unobserved not fully visible ({host.gap('sockets')})", ()
    bound = [
        socket
        for socket in host.sockets
        if socket.transport == transport and socket.port == port and not socket.connected
    ]
    sockets = [socket for socket in bound if addressing.covers(host, socket, place.address)]
    unsure = [s for s in bound if addressing.covers(host, s, place.address) is None]
    if not sockets and unsure:
        if not any(seen.came_in(facts, place, transport, port).values()):
            bound_to, what = (
                seen.bound_words(unsure[0]),
                addressing.in_doubt(unsure[0], place.address),
            )
            return f"unobserved not fully visible (whether {bound_to} takes {what})", ()
        sockets = unsure
    if not sockets:
        return "no", (f"{host.host} shows no socket on {transport}/{port} at {place.address}",)
    by = [process for socket in sockets for process in seen.owners(host, socket)]
    stopped = bool(by) and all(process.state in seen.STOPPED for process in by)
    lines = tuple(seen.socket_words(host, socket) for socket in sockets)
    if stopped:
        return "stopped", lines
    full = next(filter(accept_queue.explains_silence, sockets), None)
    return ("hung", (*lines, accept_queue.words(full))) if full else ("yes", lines)


def _why_unobserved(place: Place, hosts: list[HostFacts | Unobserved | None]) -> str:
    dead = next((host for host in hosts if isinstance(host, Unobserved)), None)
    if dead is not None:
        return f"unobserved itself not observed ({dead.why})"
    if place.virtual and any(isinstance(host, HostFacts) for host in hosts):
        return f"unobserved held by none of {', '.join(place.hosts)}"
    return "unobserved not looked at in this run"
