"""What is written to the controller, whose end of standard output may be gone."""

import os
import select

_STDOUT = 1


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
