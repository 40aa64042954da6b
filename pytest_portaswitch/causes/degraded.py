"""A host that was looked at with less than the audit asks for is one cause, not one a check."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.judge.fault import Fault, fault

_NO_PYTHON = "no Python on the host"
_NO_SOCKET = "no packet socket"
"""How the reasons begin for what a shell, or somebody without root, cannot do."""

_NEEDS_PYTHON = frozenset({"cannot-probe", "cannot-watch", "disks-untold"})


def behind(found: Fault, facts: Mapping[str, Observation]) -> Fault:
    """How its host was looked at, where that explains the fault; or else the same fault."""
    host = facts.get(found.subject[0]) if found.subject else None
    if not isinstance(host, HostFacts):
        return found
    needs_python = found.code in _NEEDS_PYTHON or found.detail.startswith(_NO_PYTHON)
    if host.method == "shell" and needs_python:
        return fault("no-python", host.host)
    owners = found.code == "not-visible" and found.subject[1:] == ("owners",)
    watching = found.code == "cannot-watch" and found.detail.startswith(_NO_SOCKET)
    if not host.privileged and (owners or watching):
        return fault("not-privileged", host.host, detail=host.gap("owners") or found.detail)
    return found
