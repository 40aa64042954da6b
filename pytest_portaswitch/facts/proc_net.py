"""``/proc/net/{tcp,tcp6,udp,udp6}``: what the kernel says of its sockets.

Also sent to the hosts as a part of the remote program, so this file stays within Python 3.6 and
the standard library, and its annotations are strings that nobody evaluates there.
"""

from pytest_portaswitch.facts.bare import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Whether it refuses IPv4, None where that is not known; the device that it is bound to.
    Options = tuple[bool | None, str]

LISTEN = "0A"
ESTABLISHED = "01"
UNCONNECTED = "07"  # what the kernel calls TCP_CLOSE: the state of a UDP socket without a remote


class Row:
    """One socket of the tables."""

    __slots__ = ("inode", "local", "port", "queued", "remote", "remote_port", "six", "state")

    def __init__(
        self,
        local: str,
        port: int,
        remote: str,
        remote_port: int,
        state: str,
        inode: int,
        six: bool,
        queued: int = 0,
    ) -> None:
        """``inode``: 0 where nobody has it any more. ``queued``: what waits for its owner."""
        self.local = local
        self.port = port
        self.remote = remote
        self.remote_port = remote_port
        self.state = state
        self.inode = inode
        self.six = six
        self.queued = queued


def rows(
    text: str, states: "tuple[str, ...]", six: bool, byteorder: str
) -> "tuple[list[Row], int]":
    """Return the sockets in one of the states, and how many lines could not be read.

    ``byteorder`` is the host's: the kernel prints each 32-bit word of an address as a number.
    """
    found = []
    bad = 0
    inodes = set()  # the kernel repeats a socket when its table changes between two reads
    known: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        try:
            state, inode = fields[3], int(fields[9])
            if state not in states or (inode and inode in inodes):
                continue
            for end in fields[1:3]:
                digits = end.partition(":")[0]
                if digits not in known:
                    known[digits] = address(digits, byteorder)
            (here, port), (there, remote_port) = (end.split(":") for end in fields[1:3])
            ports = int(port, 16), int(remote_port, 16)
            queued = int(fields[4].partition(":")[2], 16)
            row = Row(known[here], ports[0], known[there], ports[1], state, inode, six, queued)
        except (IndexError, ValueError):
            bad += 1
            continue
        inodes.add(inode)
        found.append(row)
    return found, bad


def address(digits: str, byteorder: str) -> str:
    """Return the address in words. v4-mapped IPv6 addresses are shown as IPv4."""
    raw = bytes.fromhex(digits)
    if len(raw) not in (4, 16):
        raise ValueError(digits)
    if byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return shown(raw)


def shown(raw: bytes) -> str:
    """Return an address of 4 or 16 bytes in words. v4-mapped IPv6 addresses are shown as IPv4."""
    if raw[:12] == bytes(10) + b"\xff\xff":
        raw = raw[12:]
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def listening(
    transport: str, found: "list[Row]", options: "dict[int, Options]", owners: "Owners"
) -> "list[dict[str, object]]":
    """Return the sockets that take what arrives, in the shape of ``facts.model.Socket``.

    ``options``: of the sockets by inode, as far as they are known.
    """
    unknown: Options = (None, "")
    return [
        {
            "transport": transport,
            "address": row.local,
            "port": row.port,
            "v6only": options.get(row.inode, unknown)[0] if ":" in row.local else None,
            "device": options.get(row.inode, unknown)[1],
            "connected": row.state == ESTABLISHED,
            "pids": owners.of(row.inode),
            # Of UDP they are bytes.
            "queued": row.queued if transport == "tcp" else 0,
            "inode": row.inode,
        }
        for row in found
    ]


def connections(
    found: "list[Row]", served: "set[int]", wanted: "set[str]", owners: "Owners"
) -> "list[dict[str, object]]":
    """Group established connections to the wanted addresses by their ends and owners.

    In the shape of ``facts.model.Connection``. A port that this host listens on is the fixed end
    of a connection; otherwise the remote one is, for this host is the client.
    """
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in found:
        if row.remote in wanted and not row.remote.startswith("127.") and row.remote != "::1":
            pids = owners.of(row.inode)
            fixed = (row.port, None) if row.port in served else (None, row.remote_port)
            key = (row.local, row.remote, fixed, None if pids is None else tuple(pids))
            groups.setdefault(key, []).append(row)
    grouped: list[dict[str, object]] = []
    for members in groups.values():
        row, single = members[0], len(members) == 1
        ours = row.port in served
        grouped.append(
            {
                "local": row.local,
                "remote": row.remote,
                "local_port": row.port if single or ours else None,
                "remote_port": row.remote_port if single or not ours else None,
                "pids": owners.of(row.inode),
                "count": len(members),
            }
        )
    return grouped


class Owners:
    """Which processes hold a socket: several where a daemon forked after it bound."""

    def __init__(self, pids: "dict[int, list[int]]", complete: bool) -> None:
        """``complete``: every process's descriptors could be read."""
        self._pids = pids
        self._complete = complete

    def of(self, inode: int) -> "list[int] | None":
        """Return the owners, ascending; None where they could not be seen."""
        pids = self._pids.get(inode)
        if pids is None:
            # The kernel's own sockets (NFS, WireGuard) have no owner at all.
            return [] if self._complete else None
        return sorted(set(pids))
