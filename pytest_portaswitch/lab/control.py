"""Starting a daemon on its host, seeing it ready, stopping it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons import KINDS
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.processes import wait_until
from pytest_portaswitch.lab.site import Site

START_LIMIT = 60.0
STOP_LIMIT = 10.0
_GRACE = 3.0
_AT_ONCE = 8
_LOG_LINES = 8


def configure(daemon: Daemon, site: Site, host: Host) -> None:
    """Write the daemon's configuration and do what its first start needs."""
    write_files(daemon, site, host)
    KINDS[daemon.kind].prepare(daemon, site, host)


def write_files(daemon: Daemon, site: Site, host: Host) -> None:
    """Write the daemon's configuration."""
    for path, text in KINDS[daemon.kind].files(daemon, site).items():
        host.write(path, text)


def launch(daemon: Daemon, site: Site, host: Host) -> None:
    """Start the daemon and return at once."""
    spawn(daemon.name, KINDS[daemon.kind].command(daemon, site), host)


def spawn(name: str, command: list[str], host: Host) -> None:
    """Start any program of a host in the background, under a name to find it by."""
    marker = host.path(f"/run/lab/{name}.pid")
    marker.unlink(missing_ok=True)
    host.run([f"{PROGRAMS}/launch", name, *command])
    if wait_until(lambda: "" if marker.is_file() and marker.read_text().strip() else "x", 5):
        raise LabProblem(f"{name} on {host.name} did not start", cause="it never began to run")


def deaf(daemon: Daemon, host: Host) -> str:
    """Where the daemon does not listen yet, or an empty string."""
    bound = {
        (found.transport, found.address, found.port)
        for found in host.sockets()
        if found.state in {"listening", "unconnected"}
    }
    for endpoint in daemon.endpoints:
        for address in endpoint.addresses:
            if (endpoint.socket, address, endpoint.port) not in bound:
                return f"nothing listens on {endpoint} at {address}"
    return ""


def unready(daemon: Daemon, site: Site, host: Host) -> str:
    """Why the daemon does not do its work, or an empty string when it does."""
    if reason := deaf(daemon, host):
        return reason
    try:
        return KINDS[daemon.kind].unready(daemon, site, host)
    except OSError as error:
        return f"asked for an answer: {error}"


def await_listening(daemon: Daemon, host: Host, log: Path) -> None:
    """Return when the daemon listens; LabProblem with the end of its log when it does not."""
    _await(daemon, host, log, lambda: deaf(daemon, host))


def await_ready(daemon: Daemon, site: Site, host: Host, log: Path) -> None:
    """Return when the daemon is ready; LabProblem with the end of its log when it is not."""
    _await(daemon, host, log, lambda: unready(daemon, site, host))


def _await(daemon: Daemon, host: Host, log: Path, unmet: Callable[[], str]) -> None:
    def waiting_for() -> str:
        reason = unmet()
        if reason and not host.daemon_pids(daemon.name):
            raise LabProblem(
                f"{daemon} ended instead of starting",
                cause=_tail(log),
                checked=[reason, f"its log: {log}"],
            )
        return reason

    if reason := wait_until(waiting_for, START_LIMIT):
        raise LabProblem(
            f"{daemon} was not ready after {START_LIMIT:g} s",
            cause=reason,
            checked=[f"its log: {log}", _tail(log)],
        )


def stop(name: str, host: Host, *, at_once: bool = False) -> None:
    """End a daemon and all of its processes; LabProblem when they do not go."""
    deadline = time.monotonic() + _GRACE
    number = SIGKILL if at_once else SIGTERM

    def still_there() -> str:
        pids = host.daemon_pids(name)
        # Asked nicely it may leave children behind, or not listen to a SIGTERM at all.
        if pids and (at_once or time.monotonic() > deadline):
            host.signal(pids, SIGKILL)
        return f"processes {pids} of {host.name} are still there" if pids else ""

    pids = host.daemon_pids(name)
    main = main_pid(name, host)
    host.signal([main] if main in pids and not at_once else pids, number)
    host.signal(pids, SIGCONT)
    if reason := wait_until(still_there, STOP_LIMIT):
        raise LabProblem(f"{name} on {host.name} does not stop", cause=reason)


def main_pid(name: str, host: Host) -> int:
    """The process that the daemon started with, in the host's numbering; 0 when unknown."""
    marker = host.path(f"/run/lab/{name}.pid")
    text = marker.read_text().strip() if marker.is_file() else ""
    return int(text) if text else 0


def restart(daemon: Daemon, site: Site, host: Host) -> None:
    """Stop whatever runs under the daemon's name and start it as given; does not wait."""
    stop(daemon.name, host)
    write_files(daemon, site, host)
    launch(daemon, site, host)


def await_all(
    daemons: Iterable[Daemon], site: Site, hosts: dict[str, Host], logs: dict[Daemon, Path]
) -> None:
    """Wait for many daemons side by side; the first problem met is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waits = [
            pool.submit(await_ready, daemon, site, hosts[daemon.host], logs[daemon])
            for daemon in daemons
        ]
        for wait in waits:
            wait.result()


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return "it wrote no log"
    return "\n    ".join(lines[-_LOG_LINES:]) or "its log is empty"
