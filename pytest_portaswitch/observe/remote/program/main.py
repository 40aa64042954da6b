"""The one trip: look, send the probes, reply, take part in a second round, end."""

import binascii
import os
import resource
import time
import zlib

from pytest_portaswitch.facts.bare import encoded, signal
from pytest_portaswitch.observe.remote.program import (
    controller,
    disks,
    host,
    links,
    queues,
    snapshot,
)
from pytest_portaswitch.observe.remote.program.notes import TEXT, Notes, attempt, reason
from pytest_portaswitch.observe.remote.program.release import Release, inactive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FOR_THE_REPLY = 1.0
_NICENESS = 10


def run(request: "dict[str, Any]", deadline: float, nonce: str, refused: str) -> None:
    """Do all that is asked and write the reply frame.

    ``deadline``: seconds from now after which this process ends, whatever it is doing.
    ``refused``: sudo's own words where it was asked and refused.
    """
    clock, began = time.time(), time.monotonic()
    lines = controller.Lines(nonce)
    _bound(deadline)
    try:
        reply = _observe(request, began, deadline - _FOR_THE_REPLY, lines, refused)
    except Exception as error:
        trace = error.__traceback__
        place = ""
        while trace is not None:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        reply = {"died": f"{place}: {type(error).__name__}: {error}"[:TEXT]}
    reply["clock"] = clock
    reply["clock_age"] = round(time.monotonic() - began, 6)
    write(reply, nonce)
    if request["second"] and "died" not in reply:
        from pytest_portaswitch.observe.remote.program import second

        until = began + deadline - _FOR_THE_REPLY
        second.serve(lines, until, lambda told: write(told, nonce))


def _bound(deadline: float) -> None:
    """See to it that this process ends, yields to others, and cannot write a file."""
    # The default action ends it even in the middle of a call; a handler might never be run.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM, signal.SIGVTALRM})
    signal.setitimer(signal.ITIMER_REAL, max(0.1, deadline))
    # As Python does itself: a peer that closes must not end this process. See ``controller``.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        try:
            resource.setrlimit(limit, (0, 0))
        except (OSError, ValueError):
            pass
    try:
        os.nice(max(0, _NICENESS - os.nice(0)))
    except OSError:
        pass


def _observe(
    request: "dict[str, Any]",
    began: float,
    limit: float,
    lines: controller.Lines,
    refused: str,
) -> "dict[str, Any]":
    notes, until = Notes(), began + limit
    release, prepared = Release(notes), inactive(notes)
    addresses, patterns = set(request["connections_to"]), request["patterns"]
    half = (time.monotonic() + until) / 2  # the rest is for probes
    seen = snapshot.take(addresses, lines.nonce, notes, patterns, request["sought"], half)
    _owners_gap(notes, seen.listeners, refused)
    nothing: list[dict[str, object]] = []
    wanted = request["programs"]
    shown: dict[str, str] = {}
    sent = attempt(notes, "probes", lambda: _probes(request, until, shown), nothing)
    attempt(notes, "sockets", lambda: queues.look_again(seen.listeners, seen.began, until), None)
    attempt(notes, "relays", lambda: _relays(request, lines, until, sent), None)
    return {
        "privileged": seen.privileged,
        "hostname": os.uname().nodename,
        "kernel": os.uname().release,
        "system": host.system(),
        "machine": attempt(notes, "machine", lambda: host.machine(time.monotonic() - began), None),
        "ephemeral_ports": host.ephemeral(notes),
        "reserved_ports": host.reserved(notes),
        "sockets": seen.listeners,
        "processes": seen.processes,
        "others": seen.others,
        "connections": seen.connections,
        "interfaces": attempt(notes, "interfaces", lambda: links.interfaces(notes), nothing),
        "disks": attempt(notes, "disks", lambda: disks.disks(notes), nothing),
        "programs": attempt(notes, "programs", lambda: disks.programs(wanted), nothing),
        "hints": attempt(notes, "hints", lambda: _hints(request), nothing),
        "default_routes": attempt(notes, "gateways", lambda: _gateways(request), None),
        "routes": [_route(to) for to in request["routes_to"]],
        "probes": sent,
        "certificates": shown,
        "release": release.read(),
        "inactive_release": prepared.read() if prepared else "",
        "gaps": notes.gaps,
    }


# What follows is compiled only on hosts that are asked for it.


def _gateways(request: "dict[str, Any]") -> "dict[str, Any] | None":
    if not request["routes_to"]:
        return None
    from pytest_portaswitch.observe.remote.program import gateways

    return gateways.default_routes()


def _hints(request: "dict[str, Any]") -> "list[dict[str, object]]":
    if not request["hints"]:
        return []
    from pytest_portaswitch.observe.remote.program import hints

    return hints.hints()


def _probes(
    request: "dict[str, Any]", until: float, certificates: "dict[str, str]"
) -> "list[dict[str, Any]]":
    if not request["probes"]:
        return []
    from pytest_portaswitch.observe.remote.program import probes

    return probes.send(request, until, certificates)


def _relays(
    request: "dict[str, Any]",
    lines: controller.Lines,
    until: float,
    sent: "list[dict[str, Any]]",
) -> None:
    if request["relays"]:
        from pytest_portaswitch.observe.remote.program import probes, relay

        relay.serve(request, lines, until, probes.mute(sent))


def _route(to: str) -> "dict[str, str]":
    try:
        return links.route(to)
    except Exception as error:
        return {"to": to, "error": reason(error)}


def _owners_gap(notes: Notes, listed: "list[dict[str, object]]", refused: str) -> None:
    """Say whose owners are not seen, and why."""
    unowned = sum(entry["pids"] is None for entry in listed)
    if refused:
        notes.gap("owners", refused)
    elif unowned:
        who = "root" if os.geteuid() == 0 else "the login user"
        count = f"{unowned} of {len(listed)} sockets"
        notes.gap("owners", f"{count} belong to processes that {who} may not look into")


def write(reply: "dict[str, Any]", nonce: str) -> None:
    """Write the reply in its frame: one line with length and checksum, one line of base64."""
    body = binascii.b2a_base64(zlib.compress(encoded(reply).encode("ascii"), 6), newline=False)
    head = f"\nPORTASWITCH {nonce} reply zlib {len(body)} {zlib.crc32(body)}\n"
    controller.write(head.encode() + body + f"\nPORTASWITCH {nonce} end\n".encode())
