"""The protocols that a row may name, and over what each is spoken."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.source import Section
from pytest_portaswitch.source.scalar import choice
from pytest_portaswitch.tables.row import Transport

_STREAMS: tuple[Transport, ...] = ("tcp", "tls")

# What `protocols/registry.py` has modules for, which the readers of files may not import; a test
# keeps the two together.
SPOKEN: Mapping[str, tuple[Transport, ...]] = {
    "mysql": ("tcp",),
    "radius": ("udp",),
    "sip": ("udp", *_STREAMS),
    "smpp": _STREAMS,
    "imap": _STREAMS,
    "smtp": _STREAMS,
    "diameter": _STREAMS,
    "http": _STREAMS,
    "ssh": ("tcp",),
    "tftp": ("udp",),
    "rtp": ("udp",),
}

protocol = choice(SPOKEN, "a protocol that checks speak")


def check_pair(section: Section, protocol: str, transport: Transport | None) -> None:
    """Refuse a protocol over what it is not spoken over, where the section says so."""
    if not protocol or transport is None or transport in SPOKEN[protocol]:
        return
    at = section.get("transport") or section.get("protocol") or section.value
    over = " or ".join(SPOKEN[protocol])
    at.refuse(f"{protocol} is not spoken over {transport}", f"it is over {over}")
