#!/usr/bin/python3
"""Sits on a service's ports under the service's own name, and does what no service does.

usage: PROCESS WAY TRANSPORT:ADDRESS:PORT...
"""

import contextlib
import os
import socket
import struct
import sys
import threading
import time

# 22 bytes that are nearly a greeting of MySQL; then what could steer a terminal.
GREETING = bytes.fromhex("150000000a3800") + b"x" * 18
ESCAPES = b"\x1b]0;owned\x07\x1b[2J\r\n::error::forged\n\xe2\x80\xae\x00" + b"\xff" * 64
LONGEST = 20.0


def flood(client: socket.socket) -> None:
    """Speak first, and never stop."""
    client.sendall(GREETING)
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        client.sendall(ESCAPES * 200)


def greet(client: socket.socket) -> None:
    """A greeting that ends within its fields, and then nothing."""
    client.sendall(GREETING)
    time.sleep(LONGEST)


def reset(client: socket.socket) -> None:
    """Hear a little, and reset the connection."""
    client.settimeout(1)
    with contextlib.suppress(OSError):
        client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(client: socket.socket) -> None:
    """A byte at a time, so that something always comes."""
    for byte in (GREETING + ESCAPES) * 9:
        client.sendall(bytes([byte]))
        time.sleep(0.05)


WAYS = {"flood": flood, "greet": greet, "reset": reset, "drip": drip}


def serve(way: str, listener: socket.socket) -> None:
    """Treat everybody alike."""

    def treat(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            WAYS[way](client)

    while True:
        threading.Thread(target=treat, args=(listener.accept()[0],), daemon=True).start()


def answer(bound: socket.socket) -> None:
    """To each datagram a volley."""
    while True:
        data, peer = bound.recvfrom(65536)
        for reply in (GREETING, ESCAPES, data, data[::-1], b"", os.urandom(1400)):
            bound.sendto(reply, peer)


def main() -> None:
    """Hold the ports until killed."""
    for place in sys.argv[2:]:
        transport, address, port = place.split(":")
        is_udp = transport == "udp"
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, int(port)))
        if is_udp:
            threading.Thread(target=answer, args=(bound,), daemon=True).start()
        else:
            bound.listen()
            threading.Thread(target=serve, args=(sys.argv[1], bound), daemon=True).start()
    time.sleep(1e8)


if __name__ == "__main__":
    main()
