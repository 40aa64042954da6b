"""One end of a wire, run in a network namespace of its own: wire.py ADDRESS [PORT...].

What the kernel sends to the network goes to standard output, and what comes on standard input
arrives; each packet behind its length in two bytes. On the ports services answer what is said to
them: with that many bytes as the number in it says.
"""

import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import threading

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000


def tunnel(address: str) -> int:
    """Return an interface that holds an address, as a file."""
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"wire0", IFF_TUN | IFF_NO_PI))
    for words in (f"addr add {address}/24 dev wire0", "link set wire0 up", "link set lo up"):
        subprocess.run(["ip", *words.split()], check=True)
    return tun


def serve(port: int) -> None:
    """Answer whoever connects, for ever."""
    server = socket.create_server(("0.0.0.0", port))  # noqa: S104 - of its own namespace

    def treat(connection: socket.socket) -> None:
        with connection:
            said = connection.recv(100)
            connection.sendall(b"x" * int(said or b"0"))
            connection.recv(100)

    while True:
        connection, _ = server.accept()
        threading.Thread(target=treat, args=(connection,), daemon=True).start()


def read_exactly(size: int) -> bytes:
    """Return so many bytes of standard input; end where there are none."""
    found = b""
    while len(found) < size:
        more = os.read(0, size - len(found))
        if not more:
            os._exit(0)
        found += more
    return found


def main() -> None:
    """Carry packets until nobody wants any."""
    tun = tunnel(sys.argv[1])
    for port in sys.argv[2:]:
        threading.Thread(target=serve, args=(int(port),), daemon=True).start()
    os.write(1, struct.pack("!H", 0))
    while True:
        ready, _, _ = select.select([0, tun], [], [])
        if tun in ready:
            packet = os.read(tun, 1 << 16)
            os.write(1, struct.pack("!H", len(packet)) + packet)
        if 0 in ready:
            (size,) = struct.unpack("!H", read_exactly(2))
            os.write(tun, read_exactly(size))


if __name__ == "__main__":
    main()
