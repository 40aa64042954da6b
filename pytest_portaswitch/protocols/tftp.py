"""TFTP (RFC 1350): a read request for a file that cannot exist, answered by an ERROR packet.

The server answers from a port of its own choosing (section 4: each side picks a transfer
identifier), never from the one that was asked. So the remote program's socket must not be
connected: on a connected one the kernel refuses the answer, and the service looks silent. The
program takes a datagram from any port of the address that it asked (``Step.any_port``). An ERROR is
not acknowledged, so nothing more is to be said.
"""

from __future__ import annotations

from pytest_portaswitch.protocols.answer import Answer, answer, no_answer, silence, stranger, text
from pytest_portaswitch.protocols.ask import LARGEST_REPLY, Ask
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import rule, step

_READ, _DATA, _ERROR, _OPTIONS = 1, 3, 5, 6
_MODE = b"octet"
_NAMES = {
    0: "not defined",
    1: "file not found",
    2: "access violation",
    3: "disk full",
    4: "illegal operation",
    5: "unknown transfer",
    6: "file exists",
    7: "no such user",
    8: "option refused",
}

CLIENT = (
    step(
        "asks for a file that cannot exist",
        rule("answers", how="ERROR of any number, access violation among them", why="RFC 1350, 5"),
        rule("keeps silent", "no-answer", why="RFC 1350, 4: a request is owed an answer"),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """One read request."""
    name = f"portaswitch-audit-{ask.word('tftp', 16)}".encode()
    question = _READ.to_bytes(2, "big") + name + b"\0" + _MODE + b"\0"
    return (Step(send=question), Step(receive=LARGEST_REPLY, any_port=True, due=True))


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """An ERROR, as it should; or, oddly, the file."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = next(filter(None, received))
    kind, number = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    if len(data) < 4 or kind not in (_DATA, _ERROR, _OPTIONS):
        return stranger("TFTP", data)
    if kind == _ERROR and number in _NAMES:
        message = text(data[4:].partition(b"\0")[0])
        details = {"code": str(number), "message": message}
        return answer("", f"TFTP error {number}: {message or _NAMES[number]}", details)
    if kind == _DATA and number == 1 and len(data) <= 4 + 512:
        return answer("", "it sent a file under a name that cannot exist", {"code": "data"})
    return silence("unreadable", "a TFTP packet that answers no read request")
