"""Does the right process listen on the port, where its peers expect it?"""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts.model import HostFacts, Process, Socket
from pytest_portaswitch.judge import absent, accept_queue, addressing, seen
from pytest_portaswitch.judge.by_hand import states
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.port_range import judge_range
from pytest_portaswitch.judge.process import all_stopped, looked_for, pin, stopped_cause
from pytest_portaswitch.judge.restarted import restarts
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict, warned
from pytest_portaswitch.judge.virtual_ip import holder_of
from pytest_portaswitch.plan.check import Check, Listens
from pytest_portaswitch.text.command import Command, on


def judge_listener(check: Check, expects: Listens, facts: Facts) -> Verdict:
    """Holds when, of the sockets that take what peers send, the right process owns each."""
    place, ports = expects.place, expects.ports
    expected = f"{expects.server} on {ports.words} at {place.address} of {place.name}"
    host = (
        holder_of(place, facts, expected)
        if place.virtual
        else facts_of(place.hosts[0], facts, expected)
    )
    if isinstance(host, Verdict):
        return host
    for what in ("sockets", "processes"):
        if why := host.gap(what):
            return gap(host.host, what, why, expected)
    if ports.demand == "range":
        return judge_range(check, expects, host, facts, expected)
    verdicts = [
        _judge_port(check, expects, host, facts, number, expected) for number in ports.numbers
    ]
    return max(verdicts, key=_preference)


def _preference(verdict: Verdict) -> int:
    """Of several ports of which one must serve: a pass counts, else the most telling failure."""
    order = {"unknown": 1, "fail": 2, "pass": 3}
    evident = 0.5 if verdict.verdict == "fail" and verdict.evidence else 0
    return int(2 * (order.get(verdict.verdict, 0) + evident))


def _judge_port(
    check: Check, expects: Listens, host: HostFacts, facts: Facts, port: int, expected: str
) -> Verdict:
    transport = "udp" if expects.ports.transport == "udp" else "tcp"
    address = expects.place.address
    bound = [
        socket
        for socket in host.sockets
        if socket.transport == transport and socket.port == port and not socket.connected
    ]
    covering = [socket for socket in bound if addressing.covers(host, socket, address)]
    if not covering and any(seen.came_in(facts, expects.place, transport, port).values()):
        # Where the host cannot say whether a socket takes what is sent, its peers can.
        covering = [socket for socket in bound if addressing.covers(host, socket, address) is None]
    # What is bound to the very address takes everything; the wildcard gets the rest.
    serving = [s for s in covering if not addressing.is_wildcard(s)] or covering
    flag = "u" if transport == "udp" else "t"
    reproduce = on(host.host, f'ss -ln{flag}p "sport = :{port}"', sudo=True)
    if not serving:
        return absent.judge_absent(
            check, expects, host, facts, port, bound, expected=expected, reproduce=reproduce
        )
    return _judge_owners(
        check, expects, host, facts, serving, expected=expected, reproduce=reproduce
    )


def _judge_owners(
    check: Check,
    expects: Listens,
    host: HostFacts,
    facts: Facts,
    serving: list[Socket],
    *,
    expected: str,
    reproduce: Command,
) -> Verdict:
    evidence = tuple(seen.socket_words(host, socket) for socket in serving)
    name = expects.server
    if any(socket.pids is None for socket in serving):
        why = host.gap("owners") or "the owner of the socket could not be read"
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"{evidence[0]}: somebody listens, but not who",
            cause=f"owners of sockets on {host.host} not visible: {why}",
            fault=fault("not-visible", host.host, "owners"),
            evidence=evidence,
            reproduce=reproduce,
        )
    held = [(socket, seen.owners(host, socket)) for socket in serving]
    wrong = [
        (socket, by)
        for socket, by in held
        # A socket may be shared with its supervisor or with children: one right owner suffices.
        if not seen.is_held_by(host, socket, expects.process.match, by_child=True)
    ]
    if not wrong:
        everyone = tuple(process for _, by in held for process in by)
        if all_stopped(everyone):
            return Verdict(
                verdict="fail",
                expected=expected,
                observed=f"{evidence[0]}, but the process is stopped",
                cause=stopped_cause(host, name, everyone),
                fault=fault("frozen", host.host, name),
                evidence=evidence,
                reproduce=states(host.host, everyone),
            )
        if stuck := next(filter(accept_queue.is_stuck, serving), None):
            waiting = accept_queue.words(stuck)
            return Verdict(
                verdict="fail",
                expected=expected,
                observed=f"{evidence[0]}, but it accepts no connection: {waiting}",
                cause=f"{name} hangs on {host.host}: its accept queue is full ({waiting})",
                fault=fault("hung", host.host, name),
                evidence=evidence,
                reproduce=reproduce,
            )
        holds = Verdict(
            verdict="pass",
            expected=expected,
            observed=evidence[0],
            evidence=evidence,
            reproduce=reproduce,
        )
        return warned(
            holds, restarts(name, host, expects.process, expects.restarted_hours, everyone)
        )
    socket, by = wrong[0]
    commands = tuple(seen.command_line(process) for process in by[:3])
    who = seen.process_words(by) or "a process that ended meanwhile"
    words = f"{socket.transport}/{socket.port}"
    if not by:
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"{evidence[0]}: its owner could not be found among the processes",
            cause=f"the owner of {words} on {host.host} could not be found",
            fault=fault("not-visible", host.host, "owners"),
            evidence=evidence,
            reproduce=reproduce,
        )
    if all(process.name in absent.FORWARDERS for process in by):
        forwarded = absent.judge_forwarded(check, expects, host, facts, socket.port, expected)
        if forwarded is not None:
            return msgspec.structs.replace(
                forwarded, evidence=(*evidence, *forwarded.evidence), reproduce=reproduce
            )
    known = _known_by(expects, socket, host, facts)
    if expects.process.confidence == "assumed" and not known:
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=expected,
            observed=f"{who} listens; whether that is {name} is not known, "
            "the name in the table is only assumed",
            cause=f"the process name of {name} is not known; {pin(check, name)}",
            fault=fault("name-not-known", name),
            evidence=(*evidence, *commands, looked_for(expects.process)),
            reproduce=reproduce,
        )
    if behind := _behind(expects, socket, host, facts):
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=expected,
            observed=f"{who} listens, and peers are answered; {seen.process_words(behind)} runs: "
            f"whether the one stands in front of the other for {name} is not known",
            cause=f"whether {by[0].name} on {words} of {host.host} stands in front of {name} is "
            f"not known; if so, {pin(check, name)}",
            fault=fault("stands-in-front", host.host, name),
            evidence=(*evidence, *commands, looked_for(expects.process)),
            reproduce=reproduce,
        )
    return Verdict(
        verdict="fail",
        expected=expected,
        observed=f"{who} listens there",
        cause=f"another process holds {words} on {host.host}: {by[0].name}",
        fault=fault("port-taken", host.host, name, detail=by[0].name),
        evidence=(*evidence, *commands, looked_for(expects.process), *known),
        reproduce=reproduce,
    )


def _behind(expects: Listens, socket: Socket, host: HostFacts, facts: Facts) -> tuple[Process, ...]:
    """The right processes, where another one may hand on to them what it takes: a proxy.

    Peers are answered in the service's own protocol then. A site that pins the name has said who
    is to listen.
    """
    if expects.process.confidence == "pinned":
        return ()
    ended = seen.came_in(facts, expects.place, socket.transport, socket.port).values()
    running = seen.processes_matching(host, expects.process)
    return running if "answered" in ended and not all_stopped(running) else ()


def _known_by(expects: Listens, socket: Socket, host: HostFacts, facts: Facts) -> tuple[str, ...]:
    """A line about another host where a process of the assumed name has the same port."""
    if expects.process.confidence != "assumed":
        return ()
    for other, running in seen.others_running(facts, host.host, expects.process):
        pids = {process.pid for process in running}
        for held in other.sockets:
            same = (held.transport, held.port) == (socket.transport, socket.port)
            if same and not held.connected and pids & set(held.pids or ()):
                return (f"on {other.host} it is called so: {seen.socket_words(other, held)}",)
    return ()
