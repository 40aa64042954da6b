"""What is said to a service, one module a protocol. The remote program knows none of them."""

from __future__ import annotations

from pytest_portaswitch.protocols import mysql
from pytest_portaswitch.protocols.step import Step

_SCRIPTS: dict[str, tuple[Step, ...]] = {"mysql": mysql.script()}


def script_of(protocol: str) -> tuple[Step, ...]:
    """The steps of a probe in that protocol; empty: the bare connect or datagram says enough."""
    return _SCRIPTS.get(protocol, ())
