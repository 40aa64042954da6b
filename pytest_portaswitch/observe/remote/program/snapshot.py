"""Sockets, the connections among them, and the processes that hold them: what belongs together."""

import os
import time

from pytest_portaswitch.facts import proc_net
from pytest_portaswitch.facts.proc_net import ESTABLISHED, LISTEN, Owners, Row
from pytest_portaswitch.observe.remote.program import processes, sockets
from pytest_portaswitch.observe.remote.program.notes import Notes, attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pytest_portaswitch.observe.remote.program.matching import Matcher

_MOST_CONNECTIONS = 5000


class Snapshot:
    """One look. The sockets come before their owners, and both before any probe is sent."""

    def __init__(
        self, wanted: "set[str]", nonce: str, notes: Notes, matcher: "Matcher | None"
    ) -> None:
        """``wanted``: the addresses to which established connections are brought back."""
        self.began = time.monotonic()
        none: dict[str, list[Row]] = {"tcp": [], "udp": []}
        nothing: list[dict[str, object]] = []
        tables = attempt(notes, "sockets", lambda: sockets.tables(notes), none)
        inodes = {
            row.inode
            for transport, rows in tables.items()
            for row in rows
            if transport == "udp" or row.state == LISTEN or row.remote in wanted
        }
        walk = attempt(
            notes,
            "processes",
            lambda: processes.walk(nonce, notes, matcher, inodes),
            processes.Walk(),
        )
        root = os.geteuid() == 0
        self.privileged = root and not walk.denied
        self.processes = walk.processes
        self.others = walk.others
        self._owners = Owners(walk.owners, self.privileged and not walk.unseen)
        tables = attempt(notes, "sockets", lambda: sockets.lasting(tables, self._owners), tables)
        self._listening = [row for row in tables["tcp"] if row.state == LISTEN]
        self._established = [row for row in tables["tcp"] if row.state == ESTABLISHED]
        self._served = {row.port for row in self._listening}
        self._wanted = wanted
        self.listeners = attempt(
            notes, "sockets", lambda: sockets.listeners(tables, self._owners, notes), nothing
        )
        self.connections = attempt(notes, "connections", self._connections, nothing)
        if len(self.connections) > _MOST_CONNECTIONS:
            count = f"{_MOST_CONNECTIONS} of {len(self.connections)}"
            notes.gap("connections", f"{count} are shown")
            del self.connections[_MOST_CONNECTIONS:]

    def is_blurred(self) -> bool:
        """Whether something that is asked for was closed before its owner was looked for.

        What was opened in its stead is not listed then.
        """
        outward = [
            row
            for row in self._established
            if row.remote in self._wanted and row.port not in self._served
        ]
        return any(self._owners.of(row.inode) == [] for row in [*outward, *self._listening])

    def _connections(self) -> "list[dict[str, object]]":
        return proc_net.connections(self._established, self._served, self._wanted, self._owners)


def take(
    wanted: "set[str]",
    nonce: str,
    notes: Notes,
    patterns: "list[str]",
    sought: int,
    until: float = 0.0,
) -> Snapshot:
    """Look, and where that came out blurred once more. ``until``: of what ``Matcher`` may take."""
    if not patterns:
        return _take(wanted, nonce, notes, None)
    # Compiled only on hosts that are asked for it.
    from pytest_portaswitch.observe.remote.program.matching import Matcher

    with Matcher(patterns, sought, until) as matcher:
        return _take(wanted, nonce, notes, matcher)


def _take(wanted: "set[str]", nonce: str, notes: Notes, matcher: "Matcher | None") -> Snapshot:
    first = Snapshot(wanted, nonce, notes, matcher)
    return Snapshot(wanted, nonce, notes, matcher) if first.is_blurred() else first
