"""The steps that take faults back. Each can be repeated without harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from signal import SIGCONT
from typing import Any

from pytest_portaswitch.lab import control
from pytest_portaswitch.lab.faults.fault import Step, daemon_of
from pytest_portaswitch.lab.inside import Inside
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.processes import wait_until

_PATIENCE = 20.0


def _daemon(lab: Inside, host: str, daemon: str) -> None:
    """Run a daemon as it was meant to be, whatever runs in its place now."""
    meant = daemon_of(lab, host, daemon)
    control.restart(meant, lab.site, lab.host(host))
    control.await_listening(meant, lab.host(host), lab.folder.log(host, daemon))


def _stop(lab: Inside, host: str, program: str) -> None:
    """End a program that the fault brought along."""
    control.stop(program, lab.host(host), at_once=True)


def _continue(lab: Inside, host: str, pids: list[int]) -> None:
    """Let frozen processes go on."""
    lab.host(host).signal(pids, SIGCONT)


def _run(lab: Inside, host: str, command: list[str], text: str = "", fails: bool = False) -> None:
    """Run a command on a host; ``fails``: that it may do so."""
    try:
        lab.host(host).run(command, text=text)
    except LabProblem:
        if not fails:
            raise


def _insist(lab: Inside, host: str, command: list[str], text: str) -> None:
    """Run a command on a host until it succeeds.

    A crowded database lets nobody in until it has noticed who left.
    """

    def unmet() -> str:
        try:
            lab.host(host).run(command, text=text)
        except LabProblem as problem:
            return str(problem)
        return ""

    if reason := wait_until(unmet, _PATIENCE):
        raise LabProblem("a fault could not be mended", cause=reason)


def _operator(lab: Inside, command: list[str], text: str = "") -> None:
    """Run a command where the bridges are."""
    lab.tool(command, text)


def _write(lab: Inside, host: str, path: str, text: str, mode: int) -> None:
    """Give a file its old content."""
    lab.host(host).write(path, text, mode)


def _remove(lab: Inside, host: str, path: str) -> None:
    """Remove a file that was not there before."""
    lab.host(host).path(path).unlink(missing_ok=True)


_STEPS: Mapping[str, Callable[..., None]] = {
    "daemon": _daemon,
    "stop": _stop,
    "continue": _continue,
    "run": _run,
    "insist": _insist,
    "operator": _operator,
    "write": _write,
    "remove": _remove,
}


def take(lab: Inside, step: Step) -> None:
    """Do one undoing step."""
    details: dict[str, Any] = {key: value for key, value in step.items() if key != "do"}
    _STEPS[step["do"]](lab, **details)
