"""A real login to MySQL or MariaDB that reads what a replica says of itself, and leaves.

Only SHOW is ever sent; no write is tried. The password goes nowhere: what is sent proves it for
the salt of this one connection (``mysql_native_password``, ``caching_sha2_password`` where the
server remembers the account). A server that asks for the password itself gets an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from pytest_portaswitch.facts import clean
from pytest_portaswitch.facts.database import Database, Replication, Trouble
from pytest_portaswitch.protocols import mysql, mysql_wire
from pytest_portaswitch.protocols.algorithm import AlgorithmRefused
from pytest_portaswitch.protocols.answer import WORDS, excerpt
from pytest_portaswitch.protocols.ask import Secret
from pytest_portaswitch.protocols.mysql_wire import Broken

VARIABLES = (
    *("read_only", "super_read_only", "innodb_read_only", "transaction_read_only", "tx_read_only"),
    *("datadir", "version"),
)
MOST_GRANTS = 50
MOST_PROOFS = 2
"""Of one login: for the salt of the greeting, and for that of a switch to another plugin."""
MOST_SWITCHES = 5
"""MariaDB tries all plugins that an account may log in by, one after the other."""
MOST_BYTES = 1 << 20
MOST_PACKETS = 10000
_TEXT = 200
_GRANT_TEXT = 2000
"""What is cut off could be the one that matters: there are some fifty that can be granted."""

_ASK_VARIABLES = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ("
    + ", ".join(f"'{name}'" for name in VARIABLES)
    + ")"
)
_REPLICAS = {
    # Both say the same; the older word is the only one that old servers know.
    "MySQL": ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS"),
    "MariaDB": ("SHOW ALL SLAVES STATUS", "SHOW SLAVE STATUS"),
}
_UNKNOWN_WORD = 1064
_QUERY, _QUIT = b"\x03", b"\x01"

_NATIVE, _SHA2, _ED25519 = "mysql_native_password", "caching_sha2_password", "client_ed25519"
_PROOFS: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    _NATIVE: mysql_wire.scramble_native,
    _SHA2: mysql_wire.scramble_sha2,
}
_FAST, _FULL = 3, 4
_GRANT = re.compile(r"GRANT (?P<what>.+?) TO .*", re.DOTALL)


class Inspection:
    """One conversation with one server; a ``Dialogue``."""

    def __init__(self, key: str, user: str, password: Secret) -> None:
        self.is_over = False
        self._user = user
        self._password = password
        self._found = Database(key=key, trouble="no-answer", words="it said nothing")
        self._packets = mysql_wire.Packets()
        self._react: Callable[[bytes], bytes] = self._greeted
        self._wants_password = ""
        self._proofs = self._switches = self._bytes = self._count = 0
        self._left: list[tuple[str, tuple[str, ...]]] = []
        self._rows = mysql_wire.Rows()

    def hear(self, data: bytes) -> bytes:
        """Take what the server said, in whatever pieces, and return what to say to it now."""
        said = b""
        self._bytes += len(data)
        try:
            if self._bytes > MOST_BYTES:
                raise Broken(f"more than {MOST_BYTES} bytes")
            self._packets.take(data)
            while not self.is_over and (payload := self._packets.next()) is not None:
                self._count += 1
                if self._count > MOST_PACKETS:
                    raise Broken(f"more than {MOST_PACKETS} packets")
                said += self._react(payload)
        except AlgorithmRefused as error:
            self._end("algorithm-refused", str(error))
        except (Broken, IndexError) as error:
            first = self._react == self._greeted
            trouble: Trouble = "not-this-protocol" if first else "unreadable"
            words = f"not MySQL: it said {excerpt(data)}" if first else f"it broke off: {error}"
            self._end(trouble, words)
        return said

    def lose(self, trouble: Trouble, words: str) -> None:
        """Learn that no more will come, and why."""
        if not self.is_over:
            begun = self._react != self._greeted
            self._end("cut-short" if begun and trouble == "no-answer" else trouble, words)

    def result(self) -> Database:
        """What was learnt so far."""
        return self._found

    def _note(self, **fields: object) -> None:
        self._found = msgspec.structs.replace(self._found, **fields)

    def _end(self, trouble: Trouble = "", words: str = "") -> None:
        self.is_over = True
        self._note(trouble=trouble, words=clean.text(words, WORDS))

    def _greeted(self, payload: bytes) -> bytes:
        if payload[0] == mysql_wire.ERROR:
            return self._refused(payload)
        details = mysql.greeting(payload)
        if details is None:
            raise Broken("no greeting")
        self._note(version=details["version"])
        self._left = [
            ("variables", (_ASK_VARIABLES,)),
            ("grants", ("SHOW GRANTS",)),
            ("replication", _REPLICAS[details["product"]]),
        ]
        salt, plugin = mysql_wire.salt_of(payload)
        plugin = plugin if plugin in _PROOFS else _NATIVE
        self._react = self._judged
        return mysql_wire.login(self._user.encode(), self._proof(plugin, salt), plugin.encode())

    def _proof(self, plugin: str, salt: bytes) -> bytes:
        self._proofs += 1
        if self._proofs > MOST_PROOFS:
            # Each is something to try passwords against.
            raise Broken(f"the server asked for more than {MOST_PROOFS} proofs of one login")
        return _PROOFS[plugin](self._password.reveal().encode(), salt)

    def _judged(self, payload: bytes) -> bytes:
        """The server's word on the login."""
        if payload[0] == mysql_wire.ERROR:
            return self._refused(payload)
        if payload[0] == mysql_wire.OK:
            self._react = self._told
            return self._ask()
        if payload[0] == mysql_wire.END:
            self._switches += 1
            if self._switches > MOST_SWITCHES:
                raise Broken(f"the server switched plugins more than {MOST_SWITCHES} times")
            name, end, salt = payload[1:].partition(b"\0")
            plugin = name.decode("ascii", "replace")
            if plugin in _PROOFS and end:
                return self._answer(self._proof(plugin, salt[:20]))
            self._wants_password = clean.text(plugin or "mysql_old_password", 40)
            # What a server takes without counting it as a broken handshake: see ``mysql``.
            return self._answer(bytes(64) if plugin == _ED25519 else b"\0")
        if payload[0] == mysql_wire.MORE and payload[1:2] == bytes([_FAST]):
            return b""
        if payload[0] == mysql_wire.MORE and payload[1:2] == bytes([_FULL]):
            self._wants_password = _SHA2
            return self._answer(b"\0")
        raise Broken(f"an unknown answer to a login: {excerpt(payload)}")

    def _answer(self, payload: bytes) -> bytes:
        return mysql_wire.packet(payload, self._packets.sequence + 1)

    def _refused(self, payload: bytes) -> bytes:
        words = mysql.error_words(payload)
        if not words:
            raise Broken("an error without words")
        if self._wants_password:
            self._end(
                "unfit-plugin",
                f"the account logs in by {self._wants_password}, which needs the password itself "
                f"or is not spoken here: {words}",
            )
        else:
            self._end("refused", words)
        return b""

    def _ask(self) -> bytes:
        if not self._left:
            self._end()
            return mysql_wire.packet(_QUIT, 0)
        self._rows = mysql_wire.Rows()
        return mysql_wire.packet(_QUERY + self._left[0][1][0].encode(), 0)

    def _told(self, payload: bytes) -> bytes:
        """One packet of the answer to a question."""
        what, ways = self._left[0]
        if payload[0] == mysql_wire.ERROR:
            if ways[1:] and int.from_bytes(payload[1:3], "little") == _UNKNOWN_WORD:
                self._left[0] = (what, ways[1:])
                return self._ask()
            words = mysql.error_words(payload) or "an error without words"
            self._note(refused={**self._found.refused, what: words})
        else:
            self._rows.take(payload)
            if not self._rows.is_whole:
                return b""
            self._keep(what, self._rows.rows)
        self._left.pop(0)
        return self._ask()

    def _keep(self, what: str, rows: list[dict[str, str]]) -> None:
        if what == "variables":
            pairs = (tuple(row.values())[:2] for row in rows if len(row) == 2)
            kept = {name: _text(value) for name, value in pairs if name in VARIABLES}
            self._note(variables=kept)
        elif what == "grants":
            grants = (_grant(next(iter(row.values()))) for row in rows)
            self._note(grants=tuple(grant for grant in grants if grant)[:MOST_GRANTS])
        else:
            self._note(replication=tuple(_replication(row) for row in rows))


def _grant(line: str) -> str:
    """What is granted: the account's name and MariaDB's hash of its password come after TO."""
    found = _GRANT.fullmatch(line)
    return clean.text(" ".join(found["what"].split()), _GRANT_TEXT) if found else ""


def _replication(row: dict[str, str]) -> Replication:
    def either(*names: str) -> str:
        return next((_text(row[name]) for name in names if row.get(name)), "")

    def seconds(*names: str) -> int | None:
        words = either(*names)
        return int(words) if re.fullmatch(r"[0-9]{1,12}", words) else None

    host, port = either("Master_Host", "Source_Host"), either("Master_Port", "Source_Port")
    return Replication(
        channel=either("Connection_name", "Channel_Name"),
        source=f"{host}:{port}",
        receives=either("Slave_IO_Running", "Replica_IO_Running"),
        applies=either("Slave_SQL_Running", "Replica_SQL_Running"),
        lag=seconds("Seconds_Behind_Master", "Seconds_Behind_Source"),
        delay=seconds("SQL_Delay") or 0,
        error=either("Last_SQL_Error", "Last_IO_Error", "Last_Error"),
    )


def _text(words: str) -> str:
    return clean.text(" ".join(words.split()), _TEXT)
