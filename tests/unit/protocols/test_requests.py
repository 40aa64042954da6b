"""What is sent is well-formed, by the eyes of parsers that had no part in composing it."""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import struct
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import sipmessage

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.protocols import (
    diameter,
    http,
    imap,
    mysql,
    radius,
    sip,
    smpp,
    smtp,
    ssh,
    tftp,
)
from pytest_portaswitch.protocols.ask import Ask, Transport
from pytest_portaswitch.protocols.registry import PROTOCOLS, speaks
from pytest_portaswitch.protocols.step import Length, Step
from pytest_portaswitch.tables import load
from pytest_portaswitch.tables.spoken import SPOKEN

SHARED = "kept between us"
SOURCES = [("10.0.0.9", "10.0.0.3"), ("fd00::9", "fd00::3")]


def ask(transport: Transport = "tcp", **changes: Any) -> Ask:
    """An ask with nothing special."""
    words: dict[str, Any] = {"source": "10.0.0.9", "address": "10.0.0.3", "port": 4711}
    return Ask(transport=transport, nonce=b"n" * 16, **{**words, **changes})


def sent(steps: tuple[Step, ...]) -> list[bytes]:
    """What the steps send."""
    return [step.send for step in steps if step.send]


def test_rows_may_name_what_is_spoken_and_nothing_else() -> None:
    """The readers of files know the same protocols and transports as the modules."""
    assert {(name, over) for name, each in SPOKEN.items() for over in each} == set(PROTOCOLS)


@pytest.mark.parametrize(("protocol", "transport"), sorted(PROTOCOLS))
@pytest.mark.parametrize(("source", "address"), SOURCES)
def test_a_script_is_the_same_each_time_and_another_for_another_run(
    protocol: str, transport: Transport, source: str, address: str
) -> None:
    """Each step does one thing; patterns compile; nothing is drawn or looked up."""
    module = PROTOCOLS[protocol, transport]
    asked = ask(transport, source=source, address=address, secret=Secret(SHARED))
    steps = module.request(asked)
    assert module.request(asked) == steps
    for step in steps:
        does = (step.send, step.receive, step.beside, step.anew, step.secure)
        assert sum(map(bool, does)) == 1
        re.compile(step.until), re.compile(step.when), re.compile(step.again)
        assert not (step.send and (step.until or step.length or step.patience or step.parting))
    unchanging = {"imap", "smtp", "http", "rtp", "ssh"}
    other = Ask(
        transport=transport, source=source, address=address, port=4711, nonce=b"another run's one"
    )
    assert (module.request(other) == steps) == (protocol in unchanging)


@pytest.mark.parametrize(("source", "address"), SOURCES)
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_sip_options_is_a_sip_request(transport: Transport, source: str, address: str) -> None:
    """RFC 3261, 8.1.1: all that every request must have."""
    asked = ask(transport, source=source, address=address, source_port=40000)
    (question,) = sent(sip.request(asked))
    message = sipmessage.Message.parse(question)
    assert isinstance(message, sipmessage.Request)
    assert (message.method, message.uri.port, message.max_forwards) == ("OPTIONS", 4711, 0)
    assert (message.via[0].transport, message.via[0].port) == (transport.upper(), 40000)
    assert message.via[0].parameters["rport"] is None
    assert str(message.via[0].parameters["branch"]).startswith("z9hG4bK")
    assert message.from_address.parameters["tag"]
    assert "tag" not in message.to_address.parameters
    assert (message.cseq.sequence, message.cseq.method) == (1, "OPTIONS")
    assert (message.content_length, message.body) == (0, b"")
    assert len(message.contact) == 1


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_sip_waits_for_the_head_of_the_final_response(transport: Transport) -> None:
    """RFC 3261, 7.5 and 17.1.2: empty lines and what is provisional are not the end of the wait."""
    (until,) = (step.until for step in sip.request(ask(transport)) if step.receive)
    ok, trying = b"SIP/2.0 200 OK\r\nVia: a\r\n\r\n", b"SIP/2.0 100 Trying\r\nVia: a\r\n\r\n"
    for whole in (ok, b"\r\n\r\n" + ok, trying + ok, b"\r\n" + trying + b"\r\n" + trying + ok):
        assert re.search(until, whole)
        assert not re.search(until, whole[:-1])
    for going_on in (b"\r\n\r\n", b"\r\n\r\n\r\n\r\n", trying, b"\r\n\r\n" + trying + trying):
        assert not re.search(until, going_on)
    # Nor is more waited for where something else answers, or asks.
    assert re.search(until, b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert re.search(until, b"OPTIONS sip:10.0.0.9 SIP/2.0\r\nVia: a\r\n\r\n")


def test_sip_names_no_port_that_it_does_not_know() -> None:
    """The port of an unbound socket is the kernel's choice, and rport makes up for it."""
    (question,) = sent(sip.request(ask("udp")))
    message = sipmessage.Message.parse(question)
    assert message.via[0].port is None


@pytest.mark.parametrize("variant", ["", "access-request"])
def test_radius_questions_are_signed(variant: Any) -> None:
    """RFC 3579, 3.2: HMAC-MD5 over the packet with that attribute's value as zeros."""
    (question,) = sent(radius.request(ask("udp", secret=Secret(SHARED), variant=variant)))
    code, _, length, _ = struct.unpack_from(">BBH16s", question)
    assert (code, length) == (1 if variant else 12, len(question))
    assert question[20:22] == bytes([80, 18])
    unsigned = question[:22] + bytes(16) + question[38:]
    assert question[22:38] == hmac.digest(SHARED.encode(), unsigned, hashlib.md5)
    assert (b"\x02\x12" in question) == bool(variant)


@pytest.mark.parametrize("variant", ["", "access-request", "access-request-unsigned"])
def test_radius_refusals_may_take_their_time(variant: Any) -> None:
    """FreeRADIUS holds each back for a second; Status-Server is answered at once."""
    steps = radius.request(ask("udp", secret=Secret(SHARED), variant=variant))
    assert [step.patience for step in steps] == [0.0, 2.5 if variant else 0.0]


def test_slow_greetings_and_busy_proxies_are_waited_for() -> None:
    """SMTP before it greets, and once only; SIP over UDP, where nothing is sent again."""
    greeting, *others = smtp.request(ask())
    assert (greeting.patience, greeting.once) == (10.0, True)
    assert {(step.patience, step.once) for step in others} == {(0.0, False)}
    for transport, patience in (("udp", 1.5), ("tcp", 0.0), ("tls", 0.0)):
        assert [step.patience for step in sip.request(ask(transport))] == [0.0, patience]  # type: ignore[arg-type]


def test_an_unsigned_login_is_only_that() -> None:
    """No Message-Authenticator; name, password and identifier."""
    asked = ask("udp", secret=Secret(SHARED), variant="access-request-unsigned")
    (question,) = sent(radius.request(asked))
    kinds, attributes = [], question[20:]
    while attributes:
        kinds.append(attributes[0])
        attributes = attributes[attributes[1] :]
    assert (question[0], kinds) == (1, [1, 2, 32])


def test_the_secret_does_not_travel_in_words() -> None:
    """Neither the ask nor its request shows it."""
    asked = ask("udp", secret=Secret(SHARED))
    assert SHARED not in repr(asked)
    assert SHARED not in str(asked)
    assert all(SHARED.encode() not in step.send for step in radius.request(asked))


def test_smpp_questions_are_what_smpplib_reads() -> None:
    """An enquire_link; and a bind with its unbind."""
    command = pytest.importorskip("smpplib.command")
    (question,) = sent(smpp.request(ask()))
    pdu = command.EnquireLink("enquire_link", sequence=0)
    pdu.parse(question)
    assert (pdu.command, pdu.length, pdu.status) == ("enquire_link", 16, 0)
    bind, unbind = sent(smpp.request(ask(variant="bind")))
    pdu = command.BindTransceiver("bind_transceiver", sequence=0)
    pdu.parse(bind)
    assert (pdu.length, pdu.system_id, pdu.password) == (len(bind), b"pswitch-audit", b"")
    assert (pdu.system_type, pdu.interface_version, pdu.address_range) == (b"", 0x34, b"")
    assert struct.unpack(">IIII", unbind) == (16, 6, 0, pdu.sequence + 1)


@pytest.mark.parametrize(("source", "address"), SOURCES)
def test_diameter_questions_are_what_python_diameter_reads(source: str, address: str) -> None:
    """RFC 6733, 5.3.1 and 5.4.1: all the AVPs that must be there."""
    library = pytest.importorskip("diameter.message")
    commands = pytest.importorskip("diameter.message.commands")
    asked = ask(source=source, address=address)
    hello, goodbye = sent(diameter.request(asked))
    cer = library.Message.from_bytes(hello)
    assert isinstance(cer, commands.CapabilitiesExchangeRequest)
    host, realm = diameter.origin(asked)
    assert (cer.origin_host, cer.origin_realm) == (host, realm)
    assert cer.host_ip_address == [(1 if "." in source else 2, source)]
    assert (cer.vendor_id, cer.product_name) == (0, "portaswitch-audit")
    assert cer.auth_application_id == [4]
    assert cer.header.length == len(hello)
    dpr = library.Message.from_bytes(goodbye)
    assert isinstance(dpr, commands.DisconnectPeerRequest)
    assert (dpr.origin_host, dpr.disconnect_cause) == (host, 2)
    for message, raw in ((cer, hello), (dpr, goodbye)):
        assert library.Message.from_bytes(raw, plain_msg=True).header.is_request
        assert not message.header.is_proxyable


@pytest.mark.parametrize(("source", "address"), SOURCES)
def test_http_question_is_what_the_standard_library_serves(source: str, address: str) -> None:
    """A HEAD with Host."""
    (question,) = sent(http.request(ask(source=source, address=address, path="/provision")))

    class Server(BaseHTTPRequestHandler):
        def __init__(self) -> None:
            self.rfile = io.BytesIO(question)
            self.raw_requestline = self.rfile.readline()
            self.client_address = ("", 0)

    server = Server()
    assert server.parse_request()
    assert (server.command, server.path, server.close_connection) == ("HEAD", "/provision", True)
    host = f"[{address}]" if ":" in address else address
    assert server.headers["Host"] == f"{host}:4711"


def test_mail_questions_are_lines() -> None:
    """One command a step, each ended by CRLF."""
    assert sent(imap.request(ask())) == [b"a1 CAPABILITY\r\n", b"a2 LOGOUT\r\n"]
    assert sent(smtp.request(ask(source="fd00::9")))[0] == b"EHLO [IPv6:fd00::9]\r\n"
    for said, commands in (
        (b"250 mail\r\n", [b"QUIT\r\n"]),
        (b"550 no\r\n", [b"QUIT\r\n"]),
        (b"502 what?\r\n", [b"HELO portaswitch-audit.invalid\r\n", b"QUIT\r\n"]),
    ):
        following = smtp.request(ask())[3:]
        assert [s.send for s in following if s.send and re.search(s.when, said)] == commands
    assert sent(smtp.request(ask()))[0] == b"EHLO [10.0.0.9]\r\n"


def test_tftp_asks_for_a_file_of_its_own() -> None:
    """RFC 1350, 5: opcode, name, mode; the reply may come from any port."""
    steps = tftp.request(ask("udp"))
    (question,) = sent(steps)
    assert re.fullmatch(rb"\0\x01portaswitch-audit-[0-9a-f]{16}\0octet\0", question)
    assert steps[1].any_port


def test_mysql_answers_the_plugins_that_count_a_wrong_length() -> None:
    """64 bytes to ed25519, one to parsec, none to others, nothing to who refused already."""
    steps = mysql.request(ask())
    switches = [
        (b"\x2c\0\0\2\xfeclient_ed25519\0" + b"s" * 32, [68]),
        # It wants an empty one before it shows a salt, and what follows is counted if it is wrong.
        (b"\x28\0\0\2\xfeparsec\0" + b"s" * 32, [5]),
        (b"\x2c\0\0\2\xfecaching_sha2_password\0" + b"s" * 21, [4]),
        (b"\x2c\0\0\2\xfemysql_native_password\0" + b"s" * 21, [4]),
        (b"\x07\0\0\2\0\0\0\2\0\0\0", [5]),
        (b"\x50\0\0\2\xff\x15\x04#28000Access denied", []),
    ]
    for said, lengths in switches:
        following = [step for step in steps[3:] if step.send and re.search(step.when, said)]
        assert [len(step.send) for step in following] == lengths
    refused = b"\x40\0\0\0\xffj\x04Host"
    assert not [step for step in steps if step.send and re.search(step.when, refused)]


@pytest.mark.parametrize("variant", ["", "bind"])
def test_smpp_replies_are_waited_for_whole(variant: Any) -> None:
    """Four bytes of length, which count themselves (SMPP 3.4, 3.2)."""
    steps = smpp.request(ask(variant=variant))
    assert {step.length for step in steps if step.receive} == {Length(width=4)}


def test_diameter_replies_are_waited_for_whole() -> None:
    """A byte of version, then three of length, which count all (RFC 6733, 3)."""
    steps = diameter.request(ask())
    assert {step.length for step in steps if step.receive} == {Length(at=1, width=3)}


def test_ssh_parts_by_the_book() -> None:
    """RFC 4253: an identification (4.2), and a disconnect (11.1) in a packet of its own (6)."""
    until, parting = ssh.request(ask())
    identification, packet = parting.send.split(b"\r\n", 1)
    assert re.fullmatch(rb"SSH-2\.0-[!-,.-~]+", identification)
    length, padding = struct.unpack_from(">IB", packet)
    assert (len(packet) - 4, len(packet) % 8) == (length, 0)
    assert 4 <= padding < 12
    payload = packet[5:-padding]
    kind, reason, size = struct.unpack_from(">BII", payload)
    assert (kind, reason) == (1, 11)
    assert payload[9:] == b"portaswitch-audit: reached" + bytes(4)
    assert size == len(payload) - 13
    greeting = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
    assert re.search(until.until, greeting)
    assert re.search(parting.when, greeting)
    # It is not said to what does not speak SSH, or only its old version.
    for other in (b"", b"220 mail\r\n", b"SSH-1.5-old\n", b"Exceeded MaxStartups\r\n"):
        assert not re.search(parting.when, other)


def test_every_row_of_the_tables_is_spoken() -> None:
    """Each protocol over each transport that a row names."""
    named = {(row.protocol, row.transport) for row in load().rows if row.protocol and row.transport}
    assert named
    assert {pair for pair in named if speaks(*pair) is None} == set()
    assert speaks("mysql", "udp") is None
