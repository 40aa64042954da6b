"""The program that runs on a host, as this side needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pytest_portaswitch.facts import second
from pytest_portaswitch.facts.internal_errors import lost
from pytest_portaswitch.facts.model import Observation, Unobserved
from pytest_portaswitch.facts.parse import parse_reply
from pytest_portaswitch.facts.second import Told
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe.remote import frame
from pytest_portaswitch.observe.remote.login import Sudo, login_command
from pytest_portaswitch.observe.remote.payload import payload
from pytest_portaswitch.observe.request import Limits, Request


class Travel(NamedTuple):
    """What this side knows of a trip that brought a reply. Times are since the epoch."""

    request: Request
    sent: float
    """When the request was sent."""
    received: float
    """When the reply was complete."""
    took: float

    @property
    def host(self) -> str:
        """The name of the host."""
        return self.request.host


class Program(NamedTuple):
    """The five things that can be done with it."""

    login_command: Callable[[Sudo, str], str]
    """From the kind of sudo and a nonce: the shell text to run on the host."""
    payload: Callable[[Request, Limits, str, bool, float], bytes]
    """From request, limits, nonce, whether there is a Python, and the seconds that are left:
    what to send once the host is ready."""
    is_complete: Callable[[bytes, str], bool]
    """From what was said since, and the nonce: whether the reply has ended."""
    observation: Callable[[bytes, str, Limits, Travel], Observation]
    """From all that was said since."""
    told: Callable[[bytes, str, Limits], Told]
    """From all that was said in the second round."""


def _observation(said: bytes, nonce: str, limits: Limits, travel: Travel) -> Observation:
    reply = frame.reply(said, nonce, limits.output)
    if isinstance(reply, frame.Trouble):
        return Unobserved(host=travel.host, why=reply.why, detail=reply.detail, took=travel.took)
    found = attempt(
        "host-reply",
        travel.host,
        parse_reply,
        travel.host,
        reply.body,
        method=reply.method,
        sent=travel.sent,
        received=travel.received,
        took=travel.took,
        patterns=travel.request.patterns,
        sought=travel.request.sought,
    )
    return lost(travel.host, found, travel.took) if isinstance(found, InternalError) else found


def _told(said: bytes, nonce: str, limits: Limits) -> Told:
    reply = frame.reply(said, nonce, limits.output)
    if isinstance(reply, frame.Trouble):
        return Told(blind=reply.detail)
    return second.parse(reply.body)


PROGRAM = Program(login_command, payload, frame.complete, _observation, _told)
