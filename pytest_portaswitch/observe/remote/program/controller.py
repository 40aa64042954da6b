"""What the controller is told and says, over a standard output and input that it may close."""

import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_STDIN, _STDOUT = 0, 1
_PIECE = 1 << 16


def write(data: bytes) -> None:
    """Write all of it. Where nobody reads any more, this process ends.

    SIGPIPE cannot be used to notice that: a socket of a probe raises it as well (OpenSSL writes
    without MSG_NOSIGNAL), and then one peer that closes would end the whole program.
    """
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(_STDOUT, left) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(_STDOUT, select.POLLOUT)
            poll.poll()  # SIGALRM ends it
        except OSError:
            os._exit(0)


class Lines:
    """Lines to and from the controller, each behind the mark of this trip and a word.

    A trip has one such reader, which keeps the lines of each word apart: what one part of the
    program leaves unread is not in the way of the next, and no bytes are lost between them.
    """

    def __init__(self, nonce: str) -> None:
        """``nonce``: of this trip."""
        self.nonce = nonce
        self._mark = f"PORTASWITCH {nonce} ".encode()
        self._pending = b""
        self._unread: dict[bytes, list[bytes]] = {}

    def say(self, words: bytes) -> None:
        """Write one line."""
        write(b"\n" + self._mark + words + b"\n")

    def take(self, word: bytes) -> "list[bytes]":
        """Return what follows the word on each line that came, and has not been taken before."""
        return self._unread.pop(word, [])

    def wait(self, seconds: float, others: "Iterable[tuple[int, int]]" = ()) -> "set[int]":
        """Wait for a line, or for one of the other descriptors; return those that are ready.

        ``others``: descriptors and the events to wait for. Where the controller has gone, this
        process ends.
        """
        poll = select.poll()
        poll.register(_STDIN, select.POLLIN)
        poll.register(_STDOUT, 0)
        for descriptor, events in others:
            poll.register(descriptor, events)
        ready = {which for which, _ in poll.poll(int(max(0.0, seconds) * 1000) + 1)}
        if _STDOUT in ready or (_STDIN in ready and not self._read()):
            os._exit(0)
        return ready - {_STDIN}

    def next(self, word: bytes, until: float) -> "bytes | None":
        """Return what follows the word on its next line; None where none comes in time."""
        while word not in self._unread:
            left = until - time.monotonic()
            if left <= 0:
                return None
            self.wait(left)
        return self.take(word)[0]

    def _read(self) -> bool:
        """Take what has come; False at its end."""
        data = os.read(_STDIN, _PIECE)
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            if line.startswith(self._mark):
                word, _, rest = line[len(self._mark) :].partition(b" ")
                self._unread.setdefault(word, []).append(rest)
        return bool(data)
