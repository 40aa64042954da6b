"""The MySQL probe is a login that is refused, never a connection that is cut."""

from __future__ import annotations

import struct

from pytest_portaswitch.protocols import mysql
from pytest_portaswitch.protocols.ask import Ask


def test_the_login_is_one_well_formed_packet() -> None:
    """Length, sequence 1, capabilities, user, an empty password, the plugin's name."""
    ask = Ask(transport="tcp", source="10.0.0.5", address="10.0.0.3", port=3306, nonce=b"0" * 16)
    packet = mysql.request(ask)[1].send
    length = int.from_bytes(packet[:3], "little")
    assert length == len(packet) - 4
    assert packet[3] == 1
    capabilities, size, charset = struct.unpack_from("<IIB", packet, 4)
    assert capabilities & 0x200
    assert (size, charset) == (1 << 24, 33)
    assert packet[4 + 32 :] == b"portaswitch-audit\0\0mysql_native_password\0"
