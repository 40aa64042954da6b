"""Commands that reproduce by hand what was seen."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_portaswitch.facts.model import Process
from pytest_portaswitch.plan.check import Reaches
from pytest_portaswitch.text.command import Command, on, shell

_SHOWN = 10


def states(host: str, processes: Iterable[Process]) -> Command:
    """Show in which state processes are: what a stopped one holds goes on listening."""
    pids = ",".join(str(process.pid) for process in list(processes)[:_SHOWN])
    return on(host, shell("ps", "-o", "pid,stat,user,args", "-p", pids))


def datagram(expects: Reaches, port: int) -> Command:
    """Watch the port at the destination while the source sends: what arrives, and what goes back.

    A client alone says that it succeeded, whatever became of its datagram.
    """
    address = expects.destination.address
    capture = ("timeout", 5, "tcpdump", "-c", 2, "-ni", "any")
    watch = shell(*capture, "udp", "and", "host", address, "and", "port", port)
    send = f"echo | {shell('nc', '-u', '-w', 1, address, port)}"
    there = on(expects.destination.hosts[0], watch, sudo=True)
    return (*there, " & sleep 1; ", *on(expects.source, send))
