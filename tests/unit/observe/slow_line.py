"""Between the controller and a host: holds messages back. Run in the place of ``ssh``.

Arguments: the command to run, the direction (``in`` to the host, ``out`` from it), the words of the
message to hold back (``*``: send all of them a byte at a time), and for how many seconds.
"""

import os
import subprocess
import sys
import threading
import time
from typing import BinaryIO

command, direction, words, seconds = sys.argv[1:]


def message(line: bytes) -> str:
    """The words of a line, without the number of a stream and what is carried: ``relay end``."""
    rest = line.decode("ascii", "replace").split()[2:]
    if not line.startswith(b"PORTASWITCH ") or not rest:
        return ""
    return f"relay {rest[2]}" if rest[0] == "relay" else rest[0]


def carry(source: BinaryIO, sink: BinaryIO, slow: bool) -> None:
    """Carry lines until they end, and hold back what is to be held back."""
    for line in source:
        if slow and message(line) == words:
            time.sleep(float(seconds))
        if message(line) == "payload":
            line += source.read(int(line.split()[3]))  # no end of a line is behind it
        for piece in [line[at : at + 1] for at in range(len(line))] if words == "*" else [line]:
            sink.write(piece)
            sink.flush()
    sink.close()


with subprocess.Popen(
    ["/bin/sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
) as run:
    assert run.stdin
    assert run.stdout
    ends = os.fdopen(0, "rb"), os.fdopen(1, "wb", 0)
    inward = threading.Thread(target=carry, args=(ends[0], run.stdin, direction == "in"))
    inward.daemon = True
    inward.start()
    carry(run.stdout, ends[1], direction == "out")
    os._exit(run.wait())
