#!/usr/bin/python3
"""Sits on ports that are somebody else's: accepts TCP and says nothing, ignores UDP.

usage: impostor TRANSPORT:ADDRESS:PORT...
"""

import selectors
import socket
import sys


def main() -> None:
    """Hold the ports until killed."""
    selector = selectors.DefaultSelector()
    for place in sys.argv[1:]:
        transport, address, port = place.split(":")
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        bound = socket.socket(socket.AF_INET, kind)
        if transport != "udp":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, int(port)))
        if transport != "udp":
            bound.listen()
        selector.register(bound, selectors.EVENT_READ, "listener" if transport != "udp" else "")
    while True:
        for key, _ in selector.select():
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            if key.data == "listener":
                selector.register(ready.accept()[0], selectors.EVENT_READ, "client")
                continue
            try:
                gone = ready.recv(65536) == b"" and key.data == "client"
            except OSError:
                gone = key.data == "client"
            if gone:
                selector.unregister(ready)
                ready.close()


if __name__ == "__main__":
    main()
