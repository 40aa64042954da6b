"""Faults that somebody made on purpose: a host or a peer that wants to end or to fool the audit."""

from __future__ import annotations

from pytest_portaswitch.lab import control
from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.faults.fault import Breaking, Fault
from pytest_portaswitch.lab.faults.logins import with_shell
from pytest_portaswitch.lab.problem import LabProblem

_WAY = "/etc/lab/hostile"
_OF_HOSTS = ("impossible", "flood", "bomb", "endless", "forged", "words")
_OF_PEERS = ("greet", "flood", "reset", "drip")


def _hostile_host(breaking: Breaking) -> None:
    host, how = breaking.host(), _how(breaking, _OF_HOSTS)
    breaking.later("remove", host=host.name, path=_WAY)
    host.write(_WAY, how)
    with_shell(breaking, "hostile-shell")


def _hostile_peer(breaking: Breaking) -> None:
    daemon, host, how = breaking.daemon(), breaking.host(), _how(breaking, _OF_PEERS)
    if not daemon.endpoints:
        raise LabProblem(f"{daemon} listens on no port")
    process = daemon.service.process
    breaking.later("daemon", host=host.name, daemon=daemon.name)
    control.stop(daemon.name, host)
    # A script is named after its file, so that it is taken for the daemon.
    folder = f"/run/lab/hostile-{breaking.number}"
    breaking.later("run", host=host.name, command=["rm", "-rf", folder])
    host.run(["mkdir", folder])
    host.run(["cp", f"{PROGRAMS}/hostile-peer", f"{folder}/{process}"])
    places = [f"{e.socket}:{address}:{e.port}" for e in daemon.endpoints for address in e.addresses]
    control.spawn(daemon.name, [f"{folder}/{process}", how, *places], host)
    control.await_listening(daemon, host, breaking.lab.folder.log(host.name, daemon.name))


def _how(breaking: Breaking, known: tuple[str, ...]) -> str:
    how = breaking.option("how", known[0])
    if how not in known:
        raise LabProblem(f"{how!r} is no way to be hostile", fix=[f"say how={'|'.join(known)}"])
    return how


FAULTS = (
    Fault("hostile-host", ("HOST",), "whoever logs in is lied to, flooded or kept for ever",
          _hostile_host, (f"how={'|'.join(_OF_HOSTS)}",)),
    Fault("hostile-peer", ("HOST", "DAEMON"), "a program of its name floods, drips or resets there",
          _hostile_peer, (f"how={'|'.join(_OF_PEERS)}",)),
)  # fmt: skip
