#!/usr/bin/python3
"""A login shell of somebody who wants audits to end, to lie, or to say what they are told to.

What it does stands in /etc/lab/hostile: one of the names of ``WAYS``.
"""

import base64
import itertools
import json
import os
import re
import sys
import time
import zlib
from pathlib import Path

ESCAPES = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31m\r\n::error::forged\n##teamcity[x]\n\u202e\u2028$(touch X)`id`"
)


def say(data: bytes) -> None:
    """Write it all; end quietly where nobody listens any more."""
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError:
        os._exit(0)


def take_payload(nonce: str) -> None:
    """Read what would be run, and do not run it."""
    say(f"PORTASWITCH {nonce} login\nPORTASWITCH {nonce} ready python root\n".encode())
    mark = f"PORTASWITCH {nonce} payload ".encode()
    for line in sys.stdin.buffer:
        if line.startswith(mark):
            sys.stdin.buffer.read(int(line.split()[3]))
            return


def framed(nonce: str, body: bytes) -> bytes:
    """A reply as the program sends it."""
    packed = base64.b64encode(zlib.compress(body))
    head = f"\nPORTASWITCH {nonce} reply zlib {len(packed)} {zlib.crc32(packed)}\n"
    return head.encode() + packed + f"\nPORTASWITCH {nonce} end\n".encode()


def impossible(nonce: str) -> None:
    """A whole reply of facts that cannot be."""
    take_payload(nonce)
    facts = {
        "clock": 1e300,
        "hostname": ESCAPES,
        "sockets": [{"transport": "tcp", "address": "fe80::1%" + ESCAPES, "port": 99999999999}],
        "processes": [{"pid": -1, "parent": -1, "name": ESCAPES, "command": ESCAPES * 9999,
                       "user": ESCAPES, "started": -1e300}],
        "interfaces": [{"name": "x", "up": True, "mtu": 1, "addresses": ["10.0.0.1/100"]}],
    }  # fmt: skip
    say(framed(nonce, json.dumps(facts).encode()))


def flood(nonce: str) -> None:
    """A reply that has no end, with marks of all kinds in it."""
    take_payload(nonce)
    marks = f"PORTASWITCH {nonce} reply zlib 99999999 1\nPORTASWITCH {nonce[::-1]} end\n{ESCAPES}"
    while True:
        say(marks.encode() * 500)


def bomb(nonce: str) -> None:
    """A small reply that unpacks to more than is taken."""
    take_payload(nonce)
    say(framed(nonce, b" " * (1 << 27)))


def endless(nonce: str) -> None:
    """A byte now and then, for ever."""
    take_payload(nonce)
    while True:
        say(b"x")
        time.sleep(0.01)


def forged(nonce: str) -> None:
    """Two replies, the first with a wrong sum, and words that only we may say."""
    say(f"{ESCAPES}\nPORTASWITCH {'0' * len(nonce)} end\n".encode())
    take_payload(nonce)
    say(f"PORTASWITCH {nonce} reply zlib 4 1\nAAAA\nPORTASWITCH {nonce} end\n".encode())
    say(framed(nonce, b"{}"))


def words(nonce: str) -> None:
    """Words that look like those of ssh, sudo and CI systems, and no login."""
    banner = "Permission denied (publickey).\nkex_exchange_identification: Connection closed\n"
    for line in itertools.repeat((banner + ESCAPES + nonce).encode(), 20):
        os.write(2, line)
    os._exit(255)


WAYS = {
    "impossible": impossible,
    "flood": flood,
    "bomb": bomb,
    "endless": endless,
    "forged": forged,
    "words": words,
}


def main() -> None:
    """Play the part, where it is an audit that logs in."""
    asked = re.search(r" ([0-9a-f]{8,64}) ''$", " ".join(sys.argv[1:]))
    if asked is None:
        os.execv("/bin/bash", ["bash", *sys.argv[1:]])  # noqa: S606 - there is none to go through
    WAYS[Path("/etc/lab/hostile").read_text("ascii").strip()](asked[1])


if __name__ == "__main__":
    main()
