"""A login that reads and leaves: what is sent, what is kept, and what never leaves."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts import Database, Replication
from pytest_portaswitch.protocols.mysql_inspect import Inspection
from pytest_portaswitch.protocols.mysql_wire import packet, scramble_native, scramble_sha2

KEY = "mysql:10.0.0.4:3307"
PASSWORD = b"s3cret-of-the-audit"
SALT = bytes(range(1, 21))
OK = b"\0\0\0\2\0\0\0"
REPLICATION = {
    "Connection_name": "",
    "Master_Host": "db1",
    "Master_Port": "3306",
    "Slave_IO_Running": "Yes",
    "Slave_SQL_Running": "Yes",
    "Seconds_Behind_Master": "3",
    "Last_SQL_Error": "",
    "Last_IO_Error": "",
}


def text(words: str | None) -> bytes:
    """A length-encoded string."""
    if words is None:
        return b"\xfb"
    data = words.encode()
    return (
        bytes([len(data)]) if len(data) < 251 else b"\xfc" + struct.pack("<H", len(data))
    ) + data


def greeting(version: str = "10.11.6-MariaDB", plugin: str = "mysql_native_password") -> bytes:
    """A HandshakeV10."""
    body = b"\x0a" + version.encode() + b"\0" + struct.pack("<I", 7) + SALT[:8] + b"\0"
    body += struct.pack("<HBHHB", 0xF7FF, 33, 2, 0x81BF, 21) + bytes(10) + SALT[8:] + b"\0"
    return body + plugin.encode() + b"\0"


def error(code: int, words: str) -> bytes:
    """An ERR_Packet."""
    return b"\xff" + struct.pack("<H", code) + b"#28000" + words.encode()


def table(*rows: dict[str, str | None]) -> list[bytes]:
    """The packets of a result set."""
    names = list(rows[0]) if rows else ["nothing"]
    columns = [
        b"".join(map(text, ("def", "", "", "", name, name))) + b"\x0c" + bytes(12) for name in names
    ]
    eof = b"\xfe\0\0\2\0"
    return [
        bytes([len(names)]),
        *columns,
        eof,
        *(b"".join(map(text, row.values())) for row in rows),
        eof,
    ]


def replies(replication: Sequence[bytes] | None = None) -> list[list[bytes]]:
    """What a healthy replica says to each thing that is sent."""
    return [
        [greeting()],
        [OK],
        table(
            {"Variable_name": "read_only", "Value": "ON"},
            {"Variable_name": "version", "Value": "10.11.6-MariaDB"},
        ),
        table(
            {"Grants": "GRANT SLAVE MONITOR ON *.* TO `audit`@`web1` IDENTIFIED BY PASSWORD '*AB'"}
        ),
        list(replication) if replication is not None else table(dict(REPLICATION)),
    ]


def play(said: Sequence[Sequence[bytes]], piece: int = 1 << 20) -> tuple[Database, list[bytes]]:
    """Let the server say all that, each after it was spoken to; what was learnt, and sent."""
    inspection = Inspection(KEY, "audit", Secret(PASSWORD.decode()))
    sent: list[bytes] = []
    first = 0
    for number, payloads in enumerate(said):
        first = number if number < 2 else 0
        data = b"".join(packet(p, first + 1 + place) for place, p in enumerate(payloads))
        answer = b"".join(
            inspection.hear(data[at : at + piece]) for at in range(0, len(data), piece)
        )
        sent.append(answer)
        if inspection.is_over:
            break
    else:
        inspection.lose("no-answer", "closed by the peer")
    return inspection.result(), sent


def test_a_replica_tells_all_and_is_left() -> None:
    """Three questions, all SHOW, and a goodbye."""
    told, sent = play(replies())
    assert told == Database(
        key=KEY,
        version="10.11.6-MariaDB",
        variables={"read_only": "ON", "version": "10.11.6-MariaDB"},
        replication=(Replication(source="db1:3306", receives="Yes", applies="Yes", lag=3),),
        grants=("SLAVE MONITOR ON *.*",),
    )
    questions = [data[5:].decode() for data in sent[1:4]]
    assert questions == [
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', "
        "'innodb_read_only', 'transaction_read_only', 'tx_read_only', 'datadir', 'version')",
        "SHOW GRANTS",
        "SHOW ALL SLAVES STATUS",
    ]
    assert sent[4] == b"\x01\0\0\0\x01"


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 50])
def test_it_may_come_in_pieces(piece: int) -> None:
    """As TCP cuts it."""
    assert play(replies(), piece) == play(replies())


def test_the_password_is_proved_and_not_sent() -> None:
    """What is sent is of use for this salt only."""
    _, sent = play(replies())
    assert b"audit\0\x14" + scramble_native(PASSWORD, SALT) in sent[0]
    once = hashlib.sha1(PASSWORD).digest()  # noqa: S324
    everything = b"".join(sent)
    for secret in (PASSWORD, once, hashlib.sha1(once).digest()):  # noqa: S324
        assert secret not in everything


def test_the_hash_that_mariadb_prints_beside_a_grant_is_not_kept() -> None:
    """Nor the account's name."""
    told, _ = play(replies())
    assert told.grants == ("SLAVE MONITOR ON *.*",)


def test_of_many_grants_the_last_is_kept_as_well() -> None:
    """It may be the one with which an account writes all the same."""
    many = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, SHUTDOWN, PROCESS, FILE, INDEX, "
    many += "ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, "
    many += "CONNECTION ADMIN, READ_ONLY ADMIN"
    said = replies()
    said[3] = table({"Grants": f"GRANT {many} ON *.* TO `audit`@`web1`"})
    assert play(said)[0].grants == (f"{many} ON *.*",)


def test_a_server_may_switch_to_another_plugin_that_takes_a_proof() -> None:
    """MySQL 8, where it remembers the account."""
    switch = b"\xfecaching_sha2_password\0" + SALT + b"\0"
    said = [[greeting("8.0.36")], [switch], [b"\x01\x03", OK], *replies()[2:]]
    told, sent = play(said)
    assert told.trouble == ""
    assert sent[1] == packet(scramble_sha2(PASSWORD, SALT), 3)
    assert sent[4][5:] == b"SHOW REPLICA STATUS"


def test_where_the_greeting_proposes_it_there_is_nothing_to_switch() -> None:
    """And the proof goes with the login."""
    said = [[greeting("8.4.0", "caching_sha2_password")], [b"\x01\x03", OK], *replies()[2:]]
    told, sent = play(said)
    assert told.trouble == ""
    assert scramble_sha2(PASSWORD, SALT) in sent[0]


@pytest.mark.parametrize(
    ("asks", "answer", "name"),
    [
        (b"\xfemysql_clear_password\0", b"\0", "mysql_clear_password"),
        (b"\xfesha256_password\0" + SALT + b"\0", b"\0", "sha256_password"),
        (b"\xfeclient_ed25519\0" + bytes(32) + b"\0", bytes(64), "client_ed25519"),
        (b"\xfe", b"\0", "mysql_old_password"),
        (b"\x01\x04", b"\0", "caching_sha2_password"),
    ],
)
def test_who_asks_for_the_password_itself_does_not_get_it(
    asks: bytes, answer: bytes, name: str
) -> None:
    """The handshake is finished all the same, so that nobody is locked out for it."""
    told, sent = play([[greeting()], [asks], [error(1045, "Access denied")]])
    assert sent[1] == packet(answer, 3)
    assert told.trouble == "unfit-plugin"
    assert told.words == (
        f"the account logs in by {name}, which needs the password itself or is not spoken here: "
        "1045 Access denied"
    )
    assert PASSWORD not in b"".join(sent)


SWITCH = b"\xfemysql_native_password\0" + SALT + b"\0"


def test_server_that_restarts_the_login_gets_two_proofs() -> None:
    """One for the greeting, one for a switch of plugins; a third is not given, and that is said."""
    told, sent = play([[greeting()], *[[SWITCH]] * 2000])
    assert told.trouble == "unreadable"
    assert told.words == "it broke off: the server asked for more than 2 proofs of one login"
    proof = scramble_native(PASSWORD, SALT)
    assert [proof in data for data in sent] == [True, True, False]


def test_many_switches_in_one_piece_get_no_answer_after_the_second_proof() -> None:
    """However they are cut."""
    _, sent = play([[greeting()], [SWITCH] * 500])
    assert b"".join(sent).count(scramble_native(PASSWORD, SALT)) <= 2


def test_switches_to_plugins_that_take_no_proof_end_too() -> None:
    """What is answered to them gives nothing away, but a login has an end."""
    told, sent = play([[greeting()], *[[b"\xfeclient_ed25519\0" + bytes(32)]] * 2000])
    assert told.trouble == "unreadable"
    assert told.words == "it broke off: the server switched plugins more than 5 times"
    assert len([data for data in sent if data]) == 6


def test_account_with_several_plugins_logs_in_by_the_one_that_fits() -> None:
    """MariaDB offers them one after the other: 10.4, "IDENTIFIED VIA ... OR ..."."""
    healthy = replies()
    ed25519 = [b"\xfeclient_ed25519\0" + bytes(32)]
    told, _ = play([healthy[0], ed25519, [SWITCH], *healthy[1:]])
    assert (told.trouble, told.variables["read_only"]) == ("", "ON")


@pytest.mark.parametrize("payload", [b"\x01\x03", b"\x01\x03" + bytes(1000)])
def test_server_that_never_ends_a_login_is_left(payload: bytes) -> None:
    """After so many bytes or packets, whichever comes first."""
    told, _ = play([[greeting()], *[[payload] * 100] * 200])
    assert told.trouble == "unreadable"
    assert told.words in (
        "it broke off: more than 10000 packets",
        "it broke off: more than 1048576 bytes",
    )


def test_the_words_of_a_refusal_are_kept() -> None:
    """Before the greeting or after the login."""
    told, _ = play([[greeting()], [error(1045, "Access denied for user 'audit'@'web1'")]])
    assert (told.trouble, told.words) == (
        "refused",
        "1045 Access denied for user 'audit'@'web1'",
    )
    told, sent = play([[error(1130, "Host 'web1' is not allowed")]])
    assert (told.trouble, told.words) == ("refused", "1130 Host 'web1' is not allowed")
    assert sent == [b""]


def test_what_is_not_told_is_noted_and_the_rest_asked() -> None:
    """A grant that is missing hides one thing."""
    told, sent = play(replies([error(1227, "Access denied; you need SLAVE MONITOR")]))
    assert told.trouble == ""
    assert told.replication is None
    assert told.refused == {"replication": "1227 Access denied; you need SLAVE MONITOR"}
    assert told.variables["read_only"] == "ON"
    assert sent[-1] == b"\x01\0\0\0\x01"


def test_an_old_server_is_asked_in_old_words() -> None:
    """MySQL before 8.0.22 knows no replicas."""
    said = [
        [greeting("5.7.44-log")],
        *replies()[1:4],
        [error(1064, "You have an error in your SQL syntax")],
        table(
            {
                "Channel_Name": "x",
                "Source_Host": "10.0.0.3",
                "Source_Port": "3306",
                "Replica_IO_Running": "Connecting",
                "Replica_SQL_Running": "Yes",
                "Seconds_Behind_Source": None,
                "SQL_Delay": "3600",
                "Last_IO_Error": "error\nconnecting",
            }
        ),
    ]
    told, sent = play(said)
    assert sent[4][5:] == b"SHOW SLAVE STATUS"
    assert told.replication == (
        Replication(
            channel="x",
            source="10.0.0.3:3306",
            receives="Connecting",
            applies="Yes",
            delay=3600,
            error="error connecting",
        ),
    )


def test_a_server_that_follows_nobody_says_so_with_no_rows() -> None:
    """Which is not the same as saying nothing."""
    told, _ = play(replies(table()))
    assert told.replication == ()


@pytest.mark.parametrize(
    ("said", "trouble", "words"),
    [
        ([], "no-answer", "closed by the peer"),
        ([[greeting()]], "cut-short", "closed by the peer"),
        ([[b"SSH-2.0-OpenSSH"]], "not-this-protocol", "not MySQL: it said "),
        ([[greeting()], [b"\x0b"]], "unreadable", "it broke off: an unknown answer to a login"),
        ([[greeting()], [b"\xff\0"]], "unreadable", "it broke off: an error without words"),
        ([[b"\x0a5\0short"]], "not-this-protocol", "not MySQL: it said "),
        (
            [[greeting()], [OK], [b"\xfb/etc/passwd"]],
            "unreadable",
            "it broke off: the server asks for a file",
        ),
        ([[greeting()], [OK], [b"\xfc\xff\xff"]], "unreadable", "it broke off: 65535 columns"),
        ([[greeting()], [OK], [b"\x02", b"\xfe\0\0\2\0"]], "unreadable", "it broke off: 0 of 2"),
        ([[greeting()], [OK], [b"\x01", b"\x03def"]], "unreadable", "it broke off: a number that"),
        ([[greeting()], [OK], [b"\x01", b"\x20def"]], "unreadable", "it broke off: a text that"),
        ([[greeting()], [OK], [b"\xfd\1"]], "unreadable", "it broke off: a number that is cut"),
    ],
)
def test_what_is_not_as_it_should_be_ends_it(
    said: list[list[bytes]], trouble: str, words: str
) -> None:
    """With what was learnt until then."""
    told, _ = play(said)
    assert told.trouble == trouble
    assert told.words.startswith(words)


def test_a_packet_that_nobody_needs_is_not_waited_for() -> None:
    """16 MB of a greeting."""
    inspection = Inspection(KEY, "audit", Secret("x"))
    assert inspection.hear(b"\xff\xff\xff\0") == b""
    assert inspection.is_over
    assert inspection.result().trouble == "not-this-protocol"


def test_who_has_told_all_loses_nothing_afterwards() -> None:
    """The end of the stream is expected."""
    inspection = Inspection(KEY, "audit", Secret("x"))
    inspection.hear(packet(error(1130, "no"), 0))
    inspection.lose("no-answer", "closed by the peer")
    assert inspection.result().trouble == "refused"


def test_an_empty_password_is_none() -> None:
    """As the protocol has it."""
    assert scramble_native(b"", SALT) == scramble_sha2(b"", SALT) == b""


@given(
    st.integers(0, 5),
    st.lists(st.binary(max_size=60), max_size=6),
    st.booleans(),
)
def test_no_bytes_make_it_raise_or_give_the_password_away(
    after: int, garbage: list[bytes], framed: bool
) -> None:
    """At whatever point of the conversation they come."""
    inspection = Inspection(KEY, "audit", Secret(PASSWORD.decode()))
    sent = b""
    for number, payloads in enumerate(replies()[:after]):
        for place, payload in enumerate(payloads):
            sent += inspection.hear(packet(payload, number + place))
    for data in garbage:
        sent += inspection.hear(packet(data, 1) if framed else data)
    inspection.lose("no-answer", "")
    assert inspection.is_over
    assert PASSWORD not in sent
    told = inspection.result()
    assert len(told.words) <= 200
    assert told.trouble or told.replication is not None or told.refused
