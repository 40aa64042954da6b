"""The program that runs on a host, as this side needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.observe.request import Limits, Request


class Travel(NamedTuple):
    """What this side knows of a trip that brought a reply. Times are since the epoch."""

    host: str
    root: bool
    sent: float
    received: float
    took: float


class Program(NamedTuple):
    """The four things that can be done with it."""

    login_command: Callable[[bool, str], str]
    """From whether sudo is wanted and a nonce: the shell text to run on the host."""
    payload: Callable[[Request, Limits, str, bool], bytes]
    """From request, limits, nonce, whether there is a Python: what to send once it is ready."""
    reply: Callable[[bytes, str], bytes | None]
    """From what was said since: the content of the frame, None while it is incomplete.
    Raises ``ValueError`` when it never will be one."""
    parse: Callable[[bytes, Travel], HostFacts]
    """From that content: the facts. Raises ``ValueError``."""


def remote_program() -> Program:
    """Return the program of this package."""
    from pytest_portaswitch.facts.parse import parse_reply
    from pytest_portaswitch.observe import remote

    return Program(remote.login_command, remote.payload, remote.reply, parse_reply)
