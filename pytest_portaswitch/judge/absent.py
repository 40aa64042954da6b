"""Why nothing listens where it should: what the host shows instead."""

from __future__ import annotations

from pytest_portaswitch.facts.model import HostFacts, Process, Socket
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.process import all_stopped, looked_for
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Listens


def judge_absent(
    expects: Listens,
    host: HostFacts,
    port: int,
    bound: list[Socket],
    *,
    expected: str,
    reproduce: str,
) -> Verdict:
    """No socket surely takes what peers send to the address: a failure, or not to be told.

    ``bound`` are the sockets on the right port, at whatever address.
    """
    name = expects.server
    address = expects.place.address
    words = f"{'udp' if expects.ports.transport == 'udp' else 'tcp'}/{port}"
    running = seen.processes_matching(host, expects.process)
    undecided = [socket for socket in bound if seen.covers(socket, address) is None]
    if undecided:
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"{seen.socket_words(host, undecided[0])}; "
            "whether it takes IPv4 could not be read",
            cause=f"it cannot be told whether [::] takes IPv4 on {host.host}",
            fault=fault("not-visible", host.host, "v6only"),
            evidence=tuple(seen.socket_words(host, socket) for socket in undecided),
            reproduce=reproduce,
        )
    own = [s for s in bound if set(s.pids or ()) & {process.pid for process in running}]
    code, observed, cause = _story(
        host, name, words, address, own=own, bound=bound, running=running
    )
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
        cause=cause,
        fault=fault(
            code,
            host.host,
            name,
            detail=", ".join(sorted({socket.address for socket in own})),
        ),
        evidence=tuple(evidence),
        reproduce=reproduce,
    )


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
    at = ", ".join(sorted({socket.address for socket in own}))
    if own and any(seen.is_wildcard(socket) for socket in own):
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


def _elsewhere(host: HostFacts, running: tuple[Process, ...]) -> list[str]:
    """Where the process listens instead: the likeliest explanation of a moved port."""
    pids = {process.pid for process in running}
    sockets = [s for s in host.sockets if not s.connected and set(s.pids or ()) & pids]
    return [seen.socket_words(host, socket) for socket in sockets[:5]]
