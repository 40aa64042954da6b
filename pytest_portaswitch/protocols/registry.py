"""Which protocol is spoken by which module, and over what."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import Protocol

from pytest_portaswitch.protocols import (
    diameter,
    http,
    imap,
    mysql,
    radius,
    rtp,
    sip,
    smpp,
    smtp,
    ssh,
    tftp,
)
from pytest_portaswitch.protocols.answer import Answer
from pytest_portaswitch.protocols.ask import Ask, Transport
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import Step as ClientStep


class Speaks(Protocol):
    """What each module of a protocol offers. Both are pure, and neither raises on any bytes."""

    @property
    def CLIENT(self) -> tuple[ClientStep, ...]:  # noqa: N802 -- a constant of the module
        """What a server may do to a client that it does not know, step by step."""
        ...

    def request(self, ask: Ask) -> tuple[Step, ...]:
        """What is sent and waited for."""
        ...

    def recognise(self, ask: Ask, received: tuple[bytes, ...]) -> Answer:
        """What came back, one entry a receiving step that was reached, means."""
        ...


_STREAMS: tuple[Transport, ...] = ("tcp", "tls")
MODULES: dict[str, tuple[Speaks, tuple[Transport, ...]]] = {
    "mysql": (mysql, ("tcp",)),
    "radius": (radius, ("udp",)),
    "sip": (sip, ("udp", *_STREAMS)),
    "smpp": (smpp, _STREAMS),
    "imap": (imap, _STREAMS),
    "smtp": (smtp, _STREAMS),
    "diameter": (diameter, _STREAMS),
    "http": (http, _STREAMS),
    "ssh": (ssh, ("tcp",)),
    "tftp": (tftp, ("udp",)),
    "rtp": (rtp, ("udp",)),
}
"""Each protocol's module, and over what it is spoken."""

PROTOCOLS = MappingProxyType(
    {
        (name, transport): module
        for name, (module, transports) in MODULES.items()
        for transport in transports
    }
)
"""By the names that the tables use and the transport. MySQL starts TLS inside its own protocol, so
it has none over ``tls``."""


def speaks(protocol: str, transport: Transport) -> Speaks | None:
    """The module for a protocol over a transport; None where it is not spoken."""
    return PROTOCOLS.get((protocol, transport))


def load(protocols: Collection[str]) -> None:
    """Load what only the replies of these protocols need. To be done while they are waited for."""
    if "sip" in protocols:
        sip.load()
