"""RTP (RFC 3550): nothing to ask. A port is open while a call uses it, and a stranger's packet is
dropped without a word; whether datagrams arrive there is seen at the destination.
"""

from __future__ import annotations

from pytest_portaswitch.protocols.answer import Answer, silence, stranger
from pytest_portaswitch.protocols.ask import Ask
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import rule, step

CLIENT = (
    step(
        "sends an empty datagram",
        rule("keeps silent", "nothing-to-ask", why="a pass is that it was seen arriving"),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """No steps: the bare datagram says all that can be said."""
    return ()


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """Never an answer."""
    data = b"".join(received)
    return stranger("RTP", data) if data else silence("nothing-to-ask", "RTP has no question")
