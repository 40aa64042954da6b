"""What is said over one connection, without the connection: bytes in, bytes out.

The host's side says ``PORTASWITCH <nonce> login`` once our command runs, then, with sudo behind
it, ``PORTASWITCH <nonce> ready <python|shell> <root|user>``, and, having been sent its request,
the reply in a frame. Instead of ``ready`` it may say ``none``, where nothing can run the program,
or ``refused``, where sudo does not let it. Whatever else is said, by login scripts for one, is
skipped; the nonce, which a host cannot know beforehand, tells the two apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.observe.ending import Stage

_CHATTER = 1 << 20
_KEPT = 8192
_LINE = 256
_LOGIN = re.compile(rb"login\r?\n")
_READY = re.compile(rb"ready (python|shell) (?:root|user)\r?\n")
_END = re.compile(rb"(none|refused)\r?\n")


class TooMuch(Exception):
    """More was said than any reply may take."""


class Conversation:
    """The state of one conversation. ``stage`` is what was heard last."""

    def __init__(
        self,
        nonce: str,
        *,
        say: Callable[[bytes], None],
        payload: Callable[[bool], bytes],
        password: Callable[[], Secret] | None,
        output: int,
    ) -> None:
        """Begin. What is to be said to the host goes to ``say``.

        ``payload`` is asked for once it is known whether the host has a Python, ``password``
        once something on the host waits for it.
        """
        self.stage: Stage = "connecting"
        self.reply = bytearray()
        """Everything said since ``ready``."""
        self._say = say
        self._payload = payload
        self._password = password
        self._output = output
        self._searched = 0
        self._skipped = 0
        self._kept = b""
        self._pending = b""
        self._mark = f"PORTASWITCH {nonce} ".encode()

    @property
    def chatter(self) -> bytes:
        """The end of what was said before ``ready`` and means nothing to us."""
        return (self._kept + self._pending)[-_KEPT:]

    @property
    def is_cut(self) -> bool:
        """Whether more was said before ``chatter``."""
        return self._skipped + len(self._pending) > _KEPT

    def hear(self, data: bytes) -> None:
        """Take what the host said, and answer it.

        Raises ``TooMuch``, and whatever reading the password raises.
        """
        if self.stage == "ready":
            self.reply += data
            self._bound(len(self.reply), self._output)
            return
        self._pending += data
        if self.stage == "connecting" and self._skip_past(_LOGIN):
            self.stage = "shell"
            if self._password is not None:
                # Never in a variable: tracebacks show those.
                self._say(self._password().reveal().encode() + b"\n")
                self.stage = "password"
        if self.stage != "connecting" and (found := self._skip_past(_READY)):
            self.stage = "ready"
            self._say(self._payload(found[1] == b"python"))
            rest, self._pending = self._pending, b""
            self.hear(rest)
            return
        if self.stage != "connecting" and (found := self._skip_past(_END)):
            self.stage = "none" if found[1] == b"none" else "refused"
        self._forget()

    def fresh(self) -> bytes:
        """What is new of the reply, and as much before it as a line cut in two may take: a host
        that sends it byte by byte is not to have all of it searched each time."""
        fresh = bytes(self.reply[max(0, self._searched - _LINE) :])
        self._searched = len(self.reply)
        return fresh

    def forget(self) -> None:
        """Begin a new reply."""
        self.reply.clear()
        self._searched = 0

    def _skip_past(self, line: re.Pattern[bytes]) -> re.Match[bytes] | None:
        at = self._pending.find(self._mark)
        while at >= 0:
            if found := line.match(self._pending, at + len(self._mark)):
                self._skip(self._pending[:at])
                self._pending = self._pending[found.end() :]
                return found
            at = self._pending.find(self._mark, at + 1)
        return None

    def _forget(self) -> None:
        """Keep no more of the pending bytes than may be the beginning of a mark."""
        self._skip(self._pending[:-_LINE])
        self._pending = self._pending[-_LINE:]

    def _skip(self, chatter: bytes) -> None:
        self._skipped += len(chatter)
        self._kept = (self._kept + chatter)[-_KEPT:]
        self._bound(self._skipped, min(_CHATTER, self._output))

    def _bound(self, size: int, limit: int) -> None:
        if size > limit:
            where = "in the reply" if self.stage == "ready" else "before the reply"
            raise TooMuch(f"the host said more than {limit} bytes {where}")
