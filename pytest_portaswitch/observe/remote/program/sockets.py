"""The sockets of this network namespace, as ``/proc/net`` shows them, with their owners."""

import errno
import os
import struct
import sys

from pytest_portaswitch.facts import proc_net
from pytest_portaswitch.facts.proc_net import ESTABLISHED, LISTEN, UNCONNECTED, Owners, Row
from pytest_portaswitch.observe.remote.program import netlink
from pytest_portaswitch.observe.remote.program.notes import Notes, read, reason, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pytest_portaswitch.facts.proc_net import Options

_TABLES = (
    # what, whether IPv6, which states tell of a socket in use
    ("tcp", False, (LISTEN, ESTABLISHED)),
    ("tcp6", True, (LISTEN, ESTABLISHED)),
    ("udp", False, (UNCONNECTED, ESTABLISHED)),
    ("udp6", True, (UNCONNECTED, ESTABLISHED)),
)
_LARGEST = 32 << 20
# The kernel hands out such a table by the page, of 4 KiB at least, as long as another line of 200
# bytes fits: a page with more room than that is the last. To be told so by one more read would cost
# a second walk through all that the kernel keeps.
_FULL = 3 << 10
_MOST = 60000
_BY_FAMILY = 20
_V6ONLY = 11
_QUESTION = struct.Struct("=BBBxI48x")
_ANSWER = 72  # struct inet_diag_msg, whose last word is the inode
_DEVICE = 40  # idiag_if in it
_PROTOCOL = {"tcp": (6, 1 << 10), "udp": (17, 1 << 7)}


def tables(notes: Notes) -> "dict[str, list[Row]]":
    """Return the sockets in use, by transport."""
    found: dict[str, list[Row]] = {"tcp": [], "udp": []}
    for name, six, states in _TABLES:
        found[name[:3]] += _table(name, six, states, notes)
    return found


def _table(name: str, six: bool, states: "tuple[str, ...]", notes: Notes) -> "list[Row]":
    try:
        data = read("/proc/net/" + name, _LARGEST, _FULL)
    except OSError as error:
        # Where IPv6 is off there is no such file, and nothing is missing.
        if not (six and error.errno == errno.ENOENT):
            notes.gap("sockets", reason(error))
        return []
    rows, bad = proc_net.rows(text(data), states, six, sys.byteorder)
    if bad or len(data) == _LARGEST:
        notes.gap("sockets", f"lines of /proc/net/{name} that could not be read: {bad or 1}")
    return rows


def lasting(found: "dict[str, list[Row]]", owners: Owners) -> "dict[str, list[Row]]":
    """Return the tables without the datagram sockets that were gone when owners were looked for.

    Calls come and go all the time, and each leaves sockets behind that nobody owns any more. What
    nobody owns and is still there is another matter, and so is what has been opened anew.
    """
    if all(owners.of(row.inode) != [] for row in found["udp"]):
        return found
    notes = Notes()
    later = [row for table in _TABLES if table[0][:3] == "udp" for row in _table(*table, notes)]
    if notes.gaps:
        return found
    inodes = {row.inode for row in later}
    ends = {(row.local, row.port) for row in later}
    kept = [
        row
        for row in found["udp"]
        if owners.of(row.inode) != [] or row.inode in inodes or (row.local, row.port) in ends
    ]
    return {"tcp": found["tcp"], "udp": kept}


def listeners(
    found: "dict[str, list[Row]]", owners: Owners, notes: Notes
) -> "list[dict[str, object]]":
    """Return the sockets that take what arrives, in the shape of ``facts.model.Socket``."""
    listed: list[dict[str, object]] = []
    for transport, rows in sorted(found.items()):
        kept = [row for row in rows if transport == "udp" or row.state == LISTEN]
        kept.sort(key=lambda row: row.state == ESTABLISHED)  # what is cut are clients first
        options = _options(transport, {row.six for row in kept})
        listed += proc_net.listening(transport, kept[:_MOST], options, owners)
        if len(kept) > _MOST:
            notes.gap("sockets", f"{_MOST} of {len(kept)} {transport} sockets are shown")
    return listed


def _options(transport: str, families: "set[bool]") -> "dict[int, Options]":
    """Return what sockets are told to take, by inode; empty where the kernel cannot say.

    ``families``: whether those of IPv6, of IPv4, or both are asked for.
    """
    protocol, state = _PROTOCOL[transport]
    found: dict[int, Options] = {}
    if not diag_is_there(transport):
        return found
    for six in sorted(families):
        question = _QUESTION.pack(10 if six else 2, protocol, 0, state)
        try:
            answers = netlink.ask(netlink.SOCK_DIAG, _BY_FAMILY, question, dump=True)
        except OSError:
            continue  # kernels before 3.3
        for body in answers:
            if len(body) >= _ANSWER:
                value = netlink.attributes(body[_ANSWER:]).get(_V6ONLY) if six else None
                refuses = None if value is None else value[:1] != b"\0"
                (inode,) = struct.unpack_from("=I", body, _ANSWER - 4)
                found[inode] = (refuses, netlink.name(body[_DEVICE : _DEVICE + 4]))
    return found


def diag_is_there(transport: str) -> bool:
    """Whether asking needs no kernel module loaded: a question would load it, as ``ss`` does."""
    module = transport + "_diag"
    if os.path.isdir("/sys/module/" + module):
        return True
    modules = "/lib/modules/" + os.uname().release
    try:
        return f"/{module}.ko".encode() in read(modules + "/modules.builtin", 1 << 20)
    except OSError:
        return not os.path.isdir(modules)  # a kernel without modules has all that it has built in
