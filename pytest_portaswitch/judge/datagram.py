"""Why a datagram brought no reply: what the second round showed of its way."""

from __future__ import annotations

from pytest_portaswitch.facts.model import Arrival, HostFacts, OtherReply, ProbeResult
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.plan.check import Reaches

SILENCE_ALLOWED = frozenset({"secret-needed", "not-obliged"})
"""Findings of services that may keep silent though all is well: nothing follows from it."""


def is_open_question(result: ProbeResult, source: str, facts: Facts) -> bool:
    """Whether silence leaves it open if the service can be reached."""
    if other_reply(result):
        return False
    if result.arrival is None or result.arrival.seen is None:
        return True
    allowed = result.answer is not None and result.answer.finding in SILENCE_ALLOWED
    return result.arrival.seen and allowed and not answered(result, source, facts)


def other_reply(result: ProbeResult) -> OtherReply | None:
    """The service's own reply that came from another address or port than the one asked."""
    return next(
        (other for other in result.other_replies if other.answer and other.answer.answered), None
    )


def explain_other(
    expects: Reaches, words: str, other: OtherReply, facts: Facts
) -> tuple[str, str, str]:
    """The fault's code, the cause in words, and from where the reply came."""
    place = expects.destination
    replied = f"[{other.address}]" if ":" in other.address else other.address
    if other.address == place.address:
        replied, whose = f"port {other.port}", ""
    else:
        holders = [
            host.host
            for _, host in sorted(facts.items())
            if isinstance(host, HostFacts) and addressing.holds(host, other.address)
        ]
        whose = f" of {' and '.join(holders[:2])}" if holders else ", which no audited host holds"
    return (
        "reply-from-another-address",
        f"{words} of {place.name} replies from {replied}{whose}, not from where it was asked "
        f"({place.address}): a client that checks who replies, or a firewall that keeps state, "
        "takes no such reply; bind the service to the address that its peers use",
        replied + whose,
    )


def answered(result: ProbeResult, source: str, facts: Facts) -> tuple[str, ...]:
    """The other hosts that were answered by the very service that did not answer this one."""
    return tuple(
        name
        for name, seen in sorted(facts.items())
        if name != source and isinstance(seen, HostFacts)
        for other in seen.probes
        if other.key == result.key and other.answer is not None and other.answer.answered
    )


def explain(
    expects: Reaches, words: str, listening: str, result: ProbeResult, facts: Facts
) -> tuple[str, str]:
    """The fault's code and the cause in words."""
    place, source = expects.destination, expects.source
    answer, arrival = result.answer, result.arrival or Arrival(seen=None)
    listens = ", though a process listens" if listening == "yes" else ""
    if arrival.seen is None:
        why = "UDP silence is neither open nor closed"
        if arrival.blind:
            why += f", and {arrival.watcher or place.name} could not watch: {arrival.blind}"
        code = "silent"
        if answer and answer.finding == "secret-needed":
            why = "without the secret it must stay silent; give one to prove more"
            code = "no-secret"
        return code, f"{words} of {place.name} did not reply: {why}{listens}"
    if not arrival.seen:
        return "lost-on-the-way", (
            f"{words} is lost between {source} and {place.name}: sent again, it did not arrive at "
            f"any interface of {arrival.watcher}{listens}"
        )
    arrives = f"{words} arrives at {place.name} and is not answered"
    if answer and answer.finding == "secret-needed":
        return "no-secret", (
            f"{arrives}: without the secret it must stay silent; give one to prove more"
        )
    if answer and answer.finding in SILENCE_ALLOWED:
        if others := answered(result, source, facts):
            # So it serves this question, and the secret is right.
            return "ignored", (
                f"{arrives}, though {some(others)} answered: it does not know {source} as a "
                "client, has another secret for it, or a firewall at either end drops it"
            )
        return "may-be-silent", f"{arrives}: {answer.words}"
    return "ignored", (
        f"{arrives}: it was seen at an interface of {arrival.watcher}, so the host's own "
        "firewall drops it behind that, the process ignores it, or its reply is lost on the way "
        f"back{listens}"
    )


def some(hosts: tuple[str, ...]) -> str:
    """The first hosts of some, with a verb."""
    more = f" and {len(hosts) - 2} more" if len(hosts) > 2 else ""
    return f"{' and '.join(hosts[:2]) if not more else ', '.join(hosts[:2])}{more} " + (
        "is" if len(hosts) == 1 else "are"
    )


def evidence(result: ProbeResult) -> tuple[str, ...]:
    """What came back from elsewhere, and what the second round showed, as lines."""
    replies = tuple(
        f"{result.key}: a datagram came back from {other.address} port {other.port}"
        + (f": {other.answer.words}" if other.answer and other.answer.words else "")
        for other in result.other_replies
    )
    arrival = result.arrival
    if arrival is None:
        return replies
    if arrival.seen is None:
        return (*replies, f"second round of {result.key}: nobody watched: {arrival.blind}")
    arrived = "seen arriving" if arrival.seen else "not seen arriving"
    return (*replies, f"second round of {result.key}: {arrived} at {arrival.watcher}")
