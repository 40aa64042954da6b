"""The conversation with a host, without a host."""

from __future__ import annotations

import pytest

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.observe.conversation import Conversation, TooMuch

PASSWORD = "geheim"  # noqa: S105 - it opens nothing


class Talk:
    """A conversation, and what was said to the host in it."""

    def __init__(self, password: str | None = None, output: int = 1000) -> None:
        self.said: list[bytes] = []
        self.conversation = Conversation(
            "n0nce",
            say=self.said.append,
            payload=lambda python: b"payload python" if python else b"payload shell",
            password=(lambda: Secret(password)) if password else None,
            output=output,
        )

    def hear(self, *data: bytes) -> None:
        """Have the host say something, piece by piece."""
        for piece in data:
            self.conversation.hear(piece)


def test_payload_goes_out_when_the_host_is_ready() -> None:
    """Nothing is said before ``ready``, and the reply is all that comes after it."""
    talk = Talk()
    talk.hear(b"PORTASWITCH n0nce login\n")
    assert talk.said == []
    assert talk.conversation.stage == "shell"

    talk.hear(b"PORTASWITCH n0nce ready python root\nfirst", b" second")

    assert talk.said == [b"payload python"]
    assert bytes(talk.conversation.reply) == b"first second"
    assert talk.conversation.stage == "ready"


def test_shell_and_user_are_heard() -> None:
    """What the host can do decides the payload."""
    talk = Talk()
    talk.hear(b"PORTASWITCH n0nce login\r\nPORTASWITCH n0nce ready shell user\r\n")

    assert talk.said == [b"payload shell"]


@pytest.mark.parametrize("end", ["none", "refused"])
def test_the_host_can_say_that_it_cannot(end: str) -> None:
    """Without a program, or without sudo, nothing is sent."""
    talk = Talk()
    talk.hear(b"PORTASWITCH n0nce login\n", f"PORTASWITCH n0nce {end}\n".encode())

    assert talk.said == []
    assert talk.conversation.stage == end


def test_password_goes_out_once_the_command_runs() -> None:
    """The password is sent after ``login`` and before ``ready``, never earlier."""
    talk = Talk(password=PASSWORD)
    talk.hear(b"Welcome!\n+ echo PORTASWITCH n0nce $1\nPORTASWITCH n0nce logi")
    assert talk.said == []

    talk.hear(b"n\n")

    assert talk.said == [b"geheim\n"]
    assert talk.conversation.stage == "password"


def test_every_split_is_understood() -> None:
    """Where the bytes are cut on their way makes no difference."""
    whole = b"chatter\nPORTASWITCH n0nce login\nmore\nPORTASWITCH n0nce ready python user\nreply"
    for at in range(len(whole)):
        talk = Talk()
        talk.hear(whole[:at], whole[at:])
        assert bytes(talk.conversation.reply) == b"reply"


def test_other_nonces_and_chatter_are_skipped() -> None:
    """A host cannot talk us into anything without our nonce."""
    talk = Talk(password=PASSWORD, output=10**6)
    talk.hear(b"PORTASWITCH other login\n" * 100, b"This account is currently not available.\n")

    assert talk.said == []
    assert talk.conversation.stage == "connecting"
    assert talk.conversation.chatter.endswith(b"This account is currently not available.\n")
    assert len(talk.conversation.chatter) <= 4096


def test_endless_chatter_is_too_much() -> None:
    """Chatter is bounded, also when the reply may be long."""
    talk = Talk(output=10**9)
    with pytest.raises(TooMuch, match=r"^the host said more than 1048576 bytes before the reply$"):
        talk.hear(*([b"y\n" * 5000] * 200))


def test_reply_is_bounded() -> None:
    """A reply may be as long as the limit, and no longer."""
    talk = Talk(output=100)
    talk.hear(b"PORTASWITCH n0nce login\nPORTASWITCH n0nce ready shell user\n", b"x" * 100)
    with pytest.raises(TooMuch, match=r"^the host said more than 100 bytes in the reply$"):
        talk.hear(b"x")


def test_reply_that_comes_byte_by_byte_is_searched_once() -> None:
    """What is looked at again is bounded, and a line that was cut in two is found all the same."""
    talk = Talk(output=1 << 20).conversation
    talk.hear(b"PORTASWITCH n0nce login\n")
    talk.hear(b"PORTASWITCH n0nce ready python root\n")
    line, searched, found = b"\nPORTASWITCH n0nce end\n", 0, False
    for byte in b"x" * 20000 + line:
        talk.hear(bytes([byte]))
        fresh = talk.fresh()
        searched += len(fresh)
        found = found or line in fresh
    assert found
    assert searched < 300 * 20000
    talk.forget()
    assert talk.fresh() == b""
