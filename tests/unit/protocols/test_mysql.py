"""The MySQL probe is a login that is refused, never a connection that is cut."""

from __future__ import annotations

import re
import struct

from pytest_portaswitch.protocols import mysql
from pytest_portaswitch.protocols.ask import Ask
from pytest_portaswitch.protocols.step import Length


def hello(ask: Ask) -> bytes:
    """The login of a script."""
    return next(step.send for step in mysql.request(ask) if step.send)


def test_the_login_is_one_well_formed_packet() -> None:
    """Length, sequence 1, capabilities, user, an empty password, the plugin's name."""
    ask = Ask(transport="tcp", source="10.0.0.5", address="10.0.0.3", port=3306, nonce=b"0" * 16)
    packet = hello(ask)
    length = int.from_bytes(packet[:3], "little")
    assert length == len(packet) - 4
    assert packet[3] == 1
    capabilities, size, charset = struct.unpack_from("<IIB", packet, 4)
    assert capabilities & 0x200
    assert (size, charset) == (1 << 24, 33)
    user, rest = packet[4 + 32 :].split(b"\0", 1)
    assert re.fullmatch(rb"portaswitch-audit-[0-9a-f]{3}", user)
    assert rest == b"\0mysql_native_password\0"


def test_the_user_is_another_in_each_run() -> None:
    """One that is refused again and again is answered ever later by ``connection_control``."""
    users = [
        hello(Ask(transport="tcp", source="10.0.0.5", address="10.0.0.3", port=3306, nonce=nonce))[
            4 + 32 :
        ].partition(b"\0")[0]
        for nonce in (number.to_bytes(16, "big") for number in range(100))
    ]
    assert max(users.count(user) for user in users) <= 3
    # MySQL 5.7 takes 32 characters.
    assert max(map(len, users)) <= 32


def test_a_server_that_does_not_greet_is_asked_once_and_left_a_login() -> None:
    """A connection that is given up would count as a broken handshake once the server goes on."""
    ask = Ask(transport="tcp", source="10.0.0.5", address="10.0.0.3", port=3306, nonce=b"0" * 16)
    steps = mysql.request(ask)
    greeting = steps[0]
    assert greeting.once
    assert greeting.patience == 10.0
    # What is said to a server that greets, and "no password" to the plugin it may switch to.
    assert greeting.parting == hello(ask) + b"\0\0\0\x03"
    others = [step for step in steps[1:] if step.parting]
    # Only where another connection begins.
    assert [step.parting for step in others] == [greeting.parting]
    assert steps[steps.index(others[0]) - 1].anew


def test_packets_are_waited_for_whole() -> None:
    """Each reply is a packet: three bytes of length, which do not count themselves nor a fourth."""
    ask = Ask(transport="tcp", source="10.0.0.5", address="10.0.0.3", port=3306, nonce=b"0" * 16)
    lengths = {step.length for step in mysql.request(ask) if step.receive}
    assert lengths == {Length(at=0, width=3, order="little", beyond=4)}
