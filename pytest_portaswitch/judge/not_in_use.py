"""Is what the site does not use absent? That it is there all the same is a warning."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts.model import HostFacts, Socket
from pytest_portaswitch.judge import addressing, seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, IsNotInUse
from pytest_portaswitch.source.bounded_regex import Undecided
from pytest_portaswitch.text.command import end_of_options, on, run, shell

SHOWN = 5


def judge_not_in_use(check: Check, expects: IsNotInUse, facts: Facts) -> Verdict:
    """Holds, with a warning where a process of it runs or something listens on its ports."""
    name = check.subcomponent
    expected = f"no {name} on {expects.host}, where it is not in use"
    host = facts_of(expects.host, facts, expected)
    if isinstance(host, Verdict):
        return host
    for what in ("processes", "sockets"):
        if why := host.gap(what):
            return gap(host.host, what, why, expected)
    running = seen.processes_matching(host, expects.process)
    listening = [socket for socket in host.sockets if _is_meant(host, socket, expects)]
    verdict = Verdict(
        verdict="pass",
        expected=expected,
        observed="no process of it, and nothing on its ports",
        evidence=(
            *(seen.command_line(process) for process in running[:SHOWN]),
            *(seen.socket_words(host, socket) for socket in listening[:SHOWN]),
        ),
    )
    said = f"the cluster file says that {name} is not in use on {host.host}"
    if running:
        pattern = expects.process.match
        search = shell("grep", "-P", *end_of_options(pattern), pattern)
        return msgspec.structs.replace(
            verdict,
            observed=f"{seen.process_words(running)} runs",
            warnings=(f"{said}, and {seen.process_words(running)} runs",),
            fault=fault("runs-though-not-in-use", host.host, name),
            reproduce=on(host.host, f"ps -eww -o args= | {search}"),
        )
    if listening:
        ports = sorted({f"{socket.transport}/{socket.port}" for socket in listening})
        return msgspec.structs.replace(
            verdict,
            observed=seen.socket_words(host, listening[0]),
            warnings=(f"{said}, and {seen.socket_words(host, listening[0])} has its port",),
            fault=fault("listens-though-not-in-use", host.host, name, detail=", ".join(ports)),
            reproduce=run(host.host, "ss", "-lntup", sudo=True),
        )
    return verdict


def _is_meant(host: HostFacts, socket: Socket, expects: IsNotInUse) -> bool:
    """Whether a socket is where peers would look for it, and not surely of something else."""
    return (
        not socket.connected
        and any(
            (entry.transport, entry.first) == (socket.transport, socket.port)
            and addressing.covers(host, socket, entry.address) is not False
            for entry in expects.ports
        )
        and not any(_may_be_held_by(host, socket, pattern) for pattern in expects.others)
    )


def _may_be_held_by(host: HostFacts, socket: Socket, pattern: str) -> bool:
    try:
        return seen.is_held_by(host, socket, pattern)
    except Undecided:
        return True
