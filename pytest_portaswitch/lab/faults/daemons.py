"""Faults of one daemon: it is gone, frozen, elsewhere, or another process is in its place."""

from __future__ import annotations

from signal import SIGSTOP

from pytest_portaswitch.lab import control, processes
from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.faults.fault import Breaking, Fault
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import ANY, Daemon, Endpoint
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.processes import wait_until
from pytest_portaswitch.lab.services import Service, parse_listening

_FURTHER_UP = 10000
_LIMIT = 10.0


def _stop(breaking: Breaking) -> None:
    daemon = breaking.daemon()
    breaking.later("daemon", host=daemon.host, daemon=daemon.name)
    control.stop(daemon.name, breaking.host())


def _kill(breaking: Breaking) -> None:
    daemon = breaking.daemon()
    breaking.later("daemon", host=daemon.host, daemon=daemon.name)
    control.stop(daemon.name, breaking.host(), at_once=True)


def _freeze(breaking: Breaking) -> None:
    daemon, host = breaking.daemon(), breaking.host()
    freeze(breaking, host, host.daemon_pids(daemon.name))


def freeze(breaking: Breaking, host: Host, pids: list[int]) -> None:
    """Stop processes where they are, until mended."""
    if not pids:
        raise LabProblem(f"there is nothing to freeze on {host.name}")
    breaking.later("continue", host=host.name, pids=pids)
    host.signal(pids, SIGSTOP)

    def moving() -> str:
        found = [processes.read(host.proc, pid) for pid in pids]
        left = [process.pid for process in found if process and process.state not in "TZX"]
        return f"processes {left} of {host.name} still move" if left else ""

    if reason := wait_until(moving, _LIMIT):
        raise LabProblem("the freeze had no effect", cause=reason)


def _deaf(breaking: Breaking) -> None:
    daemon, host = breaking.daemon(), breaking.host()
    process = daemon.service.process
    breaking.later("daemon", host=host.name, daemon=daemon.name)
    control.stop(daemon.name, host)
    # A process is named after the file that it was started from, symlink or not.
    folder = f"/run/lab/deaf-{breaking.number}"
    breaking.later("run", host=host.name, command=["rm", "-rf", folder])
    host.run(["mkdir", folder])
    host.run(["ln", "-s", "/usr/bin/sleep", f"{folder}/{process}"])
    control.spawn(daemon.name, [f"{folder}/{process}", "infinity"], host)


def _move_address(breaking: Breaking) -> None:
    daemon = _with_ports(breaking.daemon())
    _run_as(breaking, daemon.moved(address=breaking.option("to", "127.0.0.1")))


def _move_port(breaking: Breaking) -> None:
    daemon = _with_ports(breaking.daemon())
    asked = breaking.option("port")
    old = [_endpoint(daemon, asked).port] if asked else [e.port for e in daemon.endpoints]
    new = breaking.option("to")
    if new and len(set(old)) > 1:
        raise LabProblem(f"{daemon} has more than one port", fix=["say which one with port="])
    ports = {port: int(new) if new else port + _FURTHER_UP for port in old}
    _run_as(breaking, daemon.moved(ports=ports))


def _impostor(breaking: Breaking) -> None:
    daemon, host = breaking.daemon(), breaking.host()
    asked = breaking.option("port")
    held = _in_range(daemon, asked, breaking)
    if held is None:
        _with_ports(daemon)
        breaking.later("daemon", host=host.name, daemon=daemon.name)
        control.stop(daemon.name, host)
        held = (_endpoint(daemon, asked),) if asked else daemon.endpoints
        rest = daemon
        for endpoint in held:
            rest = rest.without(endpoint)
        if rest.endpoints:
            control.restart(rest, breaking.lab.site, host)
            control.await_listening(rest, host, breaking.lab.folder.log(host.name, daemon.name))
    name = f"impostor-{breaking.number}"
    breaking.later("stop", host=host.name, program=name)
    places = [f"{e.socket}:{address}:{e.port}" for e in held for address in e.addresses]
    control.spawn(name, [f"{PROGRAMS}/impostor", *places], host)
    _await_bound(breaking, Daemon(name, host.name, daemon.service, held))


def _await_bound(breaking: Breaking, daemon: Daemon) -> None:
    """Return when a program that the fault brought along holds its ports."""
    log = breaking.lab.folder.log(daemon.host, daemon.name)
    control.await_listening(daemon, breaking.lab.host(daemon.host), log)


def _intruder(breaking: Breaking) -> None:
    host = breaking.host()
    spec = breaking.lab.site.topology.host(host.name)
    known = {"private": spec.private, "public": spec.public, "any": ANY}
    asked = breaking.option("at", "public")
    if asked not in known:
        raise LabProblem(f"{asked!r} is no place to listen", fix=[f"say at={'|'.join(known)}"])
    wanted = parse_listening(breaking.option("port", "tcp/4444"))
    endpoint = Endpoint(wanted.transport, wanted.port, (known[asked],))
    name = f"intruder-{breaking.number}"
    breaking.later("stop", host=host.name, program=name)
    place = f"{endpoint.socket}:{known[asked]}:{endpoint.port}"
    control.spawn(name, [f"{PROGRAMS}/impostor", place], host)
    _await_bound(breaking, Daemon(name, host.name, Service(name, "", name, name), (endpoint,)))


def _in_range(daemon: Daemon, asked: str, breaking: Breaking) -> tuple[Endpoint, ...] | None:
    if daemon.service.port_range is None:
        return None
    first, last = daemon.service.port_range
    listening = parse_listening(asked) if asked else parse_listening(f"udp/{(first + last) // 2}")
    if not first <= listening.port <= last:
        raise LabProblem(f"{asked} is not in the range {first}-{last} of {daemon}")
    private = breaking.lab.site.topology.host(daemon.host).private
    return (Endpoint(listening.transport, listening.port, (private,)),)


def _run_as(breaking: Breaking, other: Daemon) -> None:
    lab, host = breaking.lab, breaking.host()
    breaking.later("daemon", host=host.name, daemon=other.name)
    control.restart(other, lab.site, host)
    control.await_listening(other, host, lab.folder.log(host.name, other.name))


def _with_ports(daemon: Daemon) -> Daemon:
    if not daemon.endpoints:
        raise LabProblem(f"{daemon} listens on no port")
    return daemon


def _endpoint(daemon: Daemon, asked: str) -> Endpoint:
    for endpoint in daemon.endpoints:
        if str(endpoint) == asked:
            return endpoint
    known = ", ".join(map(str, daemon.endpoints))
    raise LabProblem(f"{daemon} does not listen on {asked!r}", checked=[f"it does on {known}"])


_DAEMON = ("HOST", "DAEMON")
FAULTS = (
    Fault("stop", _DAEMON, "the daemon was stopped in good order", _stop),
    Fault("kill", _DAEMON, "kill -9 of all processes of the daemon", _kill),
    Fault("freeze", _DAEMON, "SIGSTOP: its ports accept, nothing ever answers", _freeze),
    Fault("deaf", _DAEMON, "a process of its name runs and listens on nothing", _deaf),
    Fault("move-address", _DAEMON, "it listens on another address (127.0.0.1) instead",
          _move_address, ("to=ADDRESS",)),
    Fault("move-port", _DAEMON, f"it listens on other ports ({_FURTHER_UP} further up) instead",
          _move_port, ("port=udp/5060", "to=NUMBER")),
    Fault("impostor", _DAEMON, "another process listens on its ports (or in its range) instead",
          _impostor, ("port=udp/5060",)),
    Fault("intruder", ("HOST",), "a program that nobody declared listens there",
          _intruder, ("at=public|private|any", "port=tcp/4444")),
)  # fmt: skip
