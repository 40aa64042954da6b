"""The controller's side of the streams that the program carries: what is said over them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping

from pytest_portaswitch.facts.database import Database
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.protocols.dialogue import Dialogue

_LONGEST = 1 << 16


class Relays:
    """The conversations of one trip, by the number of their stream."""

    def __init__(
        self, nonce: str, dialogues: Mapping[str, Dialogue], say: Callable[[bytes], None]
    ) -> None:
        """``dialogues``: by key, in the order of their numbers. ``say``: takes a line."""
        self._mark = f"PORTASWITCH {nonce} relay ".encode()
        self._dialogues = tuple(dialogues.items())
        self._say = say
        self._read = self._searched = 0
        self._failed: dict[str, InternalError] = {}

    def hear(self, said: bytes | bytearray) -> None:
        """Take all that the program has said so far; what is new in it is answered.

        What makes no sense is passed over: its conversation then ends for want of an answer.
        """
        if not self._dialogues:
            return
        while (end := said.find(b"\n", self._searched)) >= 0:
            line = bytes(said[self._read : end])
            self._read = self._searched = end + 1
            if line.startswith(self._mark) and len(line) <= _LONGEST:
                self._take(line[len(self._mark) :].split(b" ", 2))
        self._searched = len(said)

    def databases(self) -> tuple[Database, ...]:
        """What was learnt over them."""
        return tuple(self._result(key, dialogue) for key, dialogue in self._dialogues)

    @property
    def internal_errors(self) -> tuple[InternalError, ...]:
        """Faults of this program, one for each conversation that had one."""
        return tuple(self._failed.values())

    def _result(self, key: str, dialogue: Dialogue) -> Database:
        found = attempt("login-dialogue", key, dialogue.result)
        if isinstance(found, InternalError):
            self._failed.setdefault(key, found)
        if isinstance(found, InternalError) or key in self._failed:
            return Database(key=key, trouble="internal-error", words=self._failed[key].title)
        return found

    def _take(self, fields: list[bytes]) -> None:
        if len(fields) < 2 or fields[0] not in self._numbers():
            return
        number = int(fields[0])
        (key, dialogue), body = self._dialogues[number], fields[2] if fields[2:] else b""
        if key in self._failed or dialogue.is_over:
            return
        if fields[1] == b"end":
            words = body.decode("ascii", "replace").strip()
            lost = attempt("login-dialogue", key, dialogue.lose, "no-answer", words)
            if isinstance(lost, InternalError):
                self._failed[key] = lost
        elif fields[1] == b"data":
            try:
                data = base64.b64decode(body.strip(), validate=True)
            except binascii.Error:
                return
            answer = attempt("login-dialogue", key, dialogue.hear, data)
            if isinstance(answer, InternalError):
                self._failed[key] = answer
            elif answer:
                self._line(number, b"data " + base64.b64encode(answer))
            if key in self._failed or dialogue.is_over:
                self._line(number, b"end")

    def _numbers(self) -> set[bytes]:
        return {b"%d" % number for number in range(len(self._dialogues))}

    def _line(self, number: int, words: bytes) -> None:
        self._say(self._mark + b"%d " % number + words + b"\n")
