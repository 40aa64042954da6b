#!/usr/bin/python3
"""An SMPP 3.4 server without any customer: binds are refused by the book, links answered.

usage: smpp ADDRESS:PORT...
"""

import socketserver
import struct
import sys
import threading

HEADER = struct.Struct(">IIII")
RESPONSE = 0x80000000
GENERIC_NACK = 0x80000000
BINDS = (0x00000001, 0x00000002, 0x00000009)
UNBIND = 0x00000006
ENQUIRE_LINK = 0x00000015
SUBMISSIONS = (0x00000004, 0x00000021, 0x00000103, 0x00000003, 0x00000007, 0x00000008)
OK, INVALID_COMMAND, NOT_BOUND, BIND_FAILED, INVALID_LENGTH = 0, 3, 4, 0xD, 2
LARGEST = 65536
SYSTEM_ID = b"porta\0"


class Session(socketserver.BaseRequestHandler):
    """One connection of a client."""

    def handle(self) -> None:
        """Answer PDUs until the client unbinds, leaves, or sends what is no SMPP."""
        self.request.settimeout(60)
        try:
            while header := self.read(HEADER.size):
                length, command, _, sequence = HEADER.unpack(header)
                if not HEADER.size <= length <= LARGEST:
                    # The stream cannot be followed any more, so the session ends here.
                    self.send(GENERIC_NACK, INVALID_LENGTH, 0)
                    return
                if length > HEADER.size and not self.read(length - HEADER.size):
                    return
                if not self.answer(command, sequence):
                    return
        except (OSError, TimeoutError):
            return

    def answer(self, command: int, sequence: int) -> bool:
        """Answer one PDU; False when the session is over."""
        if command in BINDS:
            self.send(command | RESPONSE, BIND_FAILED, sequence, SYSTEM_ID)
        elif command == ENQUIRE_LINK:
            self.send(command | RESPONSE, OK, sequence)
        elif command == UNBIND:
            self.send(command | RESPONSE, OK, sequence)
            return False
        elif command in SUBMISSIONS:
            self.send(command | RESPONSE, NOT_BOUND, sequence)
        elif command < RESPONSE:
            self.send(GENERIC_NACK, INVALID_COMMAND, sequence)
        return True

    def read(self, size: int) -> bytes:
        """Exactly that many bytes, or none when the client left."""
        received = b""
        while len(received) < size:
            chunk = self.request.recv(size - len(received))
            if not chunk:
                return b""
            received += chunk
        return received

    def send(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        """Send one PDU."""
        self.request.sendall(HEADER.pack(HEADER.size + len(body), command, status, sequence) + body)


class Server(socketserver.ThreadingTCPServer):
    """Listens on one address."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


def main() -> None:
    """Serve all addresses until killed."""
    servers = []
    for place in sys.argv[1:]:
        address, _, port = place.rpartition(":")
        servers.append(Server((address, int(port)), Session))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
