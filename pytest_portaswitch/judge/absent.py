"""Why nothing listens where it should: what the host shows instead."""

from __future__ import annotations

import re

import msgspec

from pytest_portaswitch.facts.model import HostFacts, Process, Socket
from pytest_portaswitch.judge import addressing, seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.process import all_stopped, looked_for, pin, stopped_cause
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, Listens
from pytest_portaswitch.tables.row import ProcessPattern
from pytest_portaswitch.text.command import Command

FORWARDERS = frozenset({
    "docker-proxy", "rootlessport", "slirp4netns", "pasta", "pasta.avx2", "passt", "conmon",
})  # fmt: skip
"""Programs that take what is sent to a port of a container, and pass it on."""

_NAMES = re.compile(r"(?:[\w-]|\\?[.+])+(?:\|(?:[\w-]|\\?[.+])+)+", re.ASCII)
"""Names of programs, and nothing else of a regular expression."""
_LONGEST_NAME = 15


def judge_absent(
    check: Check,
    expects: Listens,
    host: HostFacts,
    facts: Facts,
    port: int,
    bound: list[Socket],
    *,
    expected: str,
    reproduce: Command,
) -> Verdict:
    """No socket surely takes what peers send to the address: a failure, or not to be told.

    ``bound`` are the sockets on the right port, at whatever address.
    """
    name = expects.server
    address = expects.place.address
    words = f"{'udp' if expects.ports.transport == 'udp' else 'tcp'}/{port}"
    running = seen.processes_matching(host, expects.process)
    undecided = [socket for socket in bound if addressing.covers(host, socket, address) is None]
    if undecided:
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"{seen.socket_words(host, undecided[0])}; "
            f"whether it takes {addressing.in_doubt(undecided[0], address)} could not be read",
            cause=f"it cannot be told whether {seen.bound_words(undecided[0])} takes "
            f"{addressing.in_doubt(undecided[0], address)} on {host.host}",
            fault=fault("not-visible", host.host, "v6only"),
            evidence=tuple(seen.socket_words(host, socket) for socket in undecided),
            reproduce=reproduce,
        )
    if forwarded := judge_forwarded(check, expects, host, facts, port, expected):
        return msgspec.structs.replace(forwarded, reproduce=reproduce)
    own = [s for s in bound if set(s.pids or ()) & seen.with_children(host, running)]
    running = running or seen.contained(host, expects.process)
    code, observed, cause = _story(
        host, name, words, address, own=own, bound=bound, running=running
    )
    lacking = _lacking(expects.process, host, running) if code == "not-listening" else ""
    elsewhere = _elsewhere(host, running)
    evidence = [seen.socket_words(host, socket) for socket in bound]
    evidence += [f"{name} has {line}" for line in elsewhere]
    evidence += [seen.command_line(process) for process in running[:3]]
    if not running:
        evidence.append(looked_for(expects.process))
    return Verdict(
        verdict="fail",
        expected=expected,
        observed=observed,
        cause=": ".join(filter(None, (cause, lacking))),
        fault=fault(
            code,
            host.host,
            name,
            detail=_places(own) or lacking,
        ),
        evidence=tuple(evidence),
        reproduce=reproduce,
    )


def judge_forwarded(
    check: Check, expects: Listens, host: HostFacts, facts: Facts, port: int, expected: str
) -> Verdict | None:
    """What follows where what is sent to the port is passed on, to a container or elsewhere.

    The host shows no socket of it then; that peers are answered does. None: nothing is passed on.
    """
    name = expects.server
    transport = "udp" if expects.ports.transport == "udp" else "tcp"
    words = f"{transport}/{port}"
    inside = seen.contained(host, expects.process)
    tried = seen.came_in(facts, expects.place, transport, port)
    peers = [peer for peer, ended in tried.items() if ended == "answered"]
    evidence = tuple(seen.command_line(process) for process in inside[:3])
    if inside and all_stopped(inside) and peers:
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{seen.process_words(inside)} in a container is stopped",
            cause=stopped_cause(host, name, inside),
            fault=fault("frozen", host.host, name),
            evidence=evidence,
        )
    if inside and peers:
        return Verdict(
            verdict="pass",
            expected=expected,
            observed=f"{words} is passed on to a container, where {seen.process_words(inside)} "
            f"runs; {' and '.join(peers[:3])} {'is' if len(peers) == 1 else 'are'} answered",
            evidence=evidence,
        )
    if inside and not tried:
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=expected,
            observed=f"{seen.process_words(inside)} runs in a container; whether {words} is passed "
            "on to it only a peer could tell, and none was asked",
            cause=f"whether {name} in a container of {host.host} is met on {words} was not seen",
            fault=fault("in-a-container", host.host, name),
            evidence=evidence,
        )
    # Where no process of that name runs at all, the host lacks what the row demands of it, whoever
    # answers in its place.
    if peers and seen.processes_matching(host, expects.process):
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=expected,
            observed=f"no socket of {host.host} takes {words}, and yet {' and '.join(peers[:3])} "
            f"{'is' if len(peers) == 1 else 'are'} answered: it is passed on",
            cause=f"what answers on {words} of {host.host} is none of its own processes: it is "
            f"passed on (DNAT), or another host has the address; {pin(check, name)}",
            fault=fault("passed-on", host.host, name),
            evidence=evidence,
        )
    return None


def _places(sockets: list[Socket]) -> str:
    return ", ".join(sorted({s.address + (f"%{s.device}" if s.device else "") for s in sockets}))


def _story(
    host: HostFacts,
    name: str,
    words: str,
    address: str,
    *,
    own: list[Socket],
    bound: list[Socket],
    running: tuple[Process, ...],
) -> tuple[str, str, str]:
    """The fault's code, what was observed, and its cause, each in one line."""
    at = _places(own)
    if own and any(addressing.is_wildcard(socket) and not socket.device for socket in own):
        return (
            "wrong-address",
            f"it listens on {at} only and takes no IPv4 (v6only)",
            f"{name} on {host.host} takes no IPv4 on {words}",
        )
    if own:
        return (
            "wrong-address",
            f"it listens on {at} only, where its peers do not reach it",
            f"{name} listens on the wrong address on {host.host}: {at}",
        )
    if running and all_stopped(running):
        return (
            "frozen",
            f"nothing listens on {words}, and {seen.process_words(running)} is stopped",
            f"{name} is frozen on {host.host}: its process is stopped (state T)",
        )
    if running and all(process.container for process in running):
        return (
            "not-listening",
            f"nothing takes {words}, though {seen.process_words(running)} runs in a container",
            f"{name} runs on {host.host} but does not listen on {words}",
        )
    if running:
        return (
            "not-listening",
            f"nothing listens on {words}, though {seen.process_words(running)} runs",
            f"{name} runs on {host.host} but does not listen on {words}",
        )
    others = f"; another process has the port at {bound[0].address}" if bound else ""
    return (
        "not-running",
        f"nothing listens on {words} at {address}, and no process is called {name}{others}",
        f"{name} is not running on {host.host}",
    )


def _lacking(pattern: ProcessPattern, host: HostFacts, running: tuple[Process, ...]) -> str:
    """Which of several programs that a pattern names one by one does not run, where others do.

    Such as ``mail-proxy|mail-proxy-smtp``: what runs need not be what serves the port.
    """
    if not _NAMES.fullmatch(pattern.label):
        return ""
    names = sorted({re.sub(r"\\(.)", r"\1", name) for name in pattern.label.split("|")})
    words = [
        {process.name, *(word.rpartition("/")[2] for word in _words(process))}
        for process in running
    ]
    # The kernel cuts the name of a process off.
    runs = [n for n in names if any(n in own or n[:_LONGEST_NAME] in own for own in words)]
    lacking = [name for name in names if name not in runs]
    if not (runs and lacking):
        return ""
    return (
        f"of the programs that it is called, {' and '.join(runs)} {_run(runs)} there, "
        f"{' and '.join(lacking)} {'does' if len(lacking) == 1 else 'do'} not"
    )


def _words(process: Process) -> list[str]:
    """What may be a program's name; of a title that it wrote itself, ``nginx: master process``,
    no more than the first word."""
    words = process.command.split()
    return [words[0].rstrip(":")] if words and words[0].endswith(":") else words


def _run(names: list[str]) -> str:
    return "runs" if len(names) == 1 else "run"


def _elsewhere(host: HostFacts, running: tuple[Process, ...]) -> list[str]:
    """Where the process listens instead: the likeliest explanation of a moved port."""
    pids = seen.with_children(host, running)
    sockets = [s for s in host.sockets if not s.connected and set(s.pids or ()) & pids]
    return [seen.socket_words(host, socket) for socket in sockets[:5]]
