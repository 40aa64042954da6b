"""What was recognised in replies, where it takes more than the protocol to tell."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_portaswitch.facts.model import HostFacts, OtherReply, Probe, ProbeResult
from pytest_portaswitch.observe.questions import CUT_OFF, Questions
from pytest_portaswitch.observe.remote.program import flight
from pytest_portaswitch.observe.request import Request
from pytest_portaswitch.protocols import sip
from pytest_portaswitch.protocols.answer import Answer
from pytest_portaswitch.protocols.ask import Ask

QUESTIONS = Questions(b"0" * 16, {})


def answered(
    detail: str,
    received: tuple[bytes, ...],
    transport: str = "tls",
    outcome: str = "connected",
    **asked: Any,
) -> Answer:
    """What was recognised of it."""
    found = recognised(detail, received, transport, outcome, **asked)
    assert found
    return found


def recognised(
    detail: str,
    received: tuple[bytes, ...],
    transport: str = "tls",
    outcome: str = "connected",
    **asked: Any,
) -> Answer | None:
    """The answer to a probe, of SIP where nothing else is said, of which this came."""
    words = {"transport": transport, "address": "10.0.0.8", "port": 5061, "protocol": "sip"}
    probe = Probe(**{**words, **asked})
    result = ProbeResult(key=probe.key, outcome=outcome, detail=detail, received=received)  # type: ignore[arg-type]
    facts = HostFacts(host="sip1", method="python", privileged=True, took=1.0, probes=(result,))
    request = Request(host="sip1", probes=(probe,))
    seen = QUESTIONS.recognise("10.0.0.7", request, facts)
    assert isinstance(seen, HostFacts)
    (result,) = seen.probes
    return result.answer


@pytest.mark.parametrize(
    "detail",
    [
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2570)",
        "tlsv13 alert certificate required",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "sslv3 alert bad certificate",
        "SSLV3_ALERT_HANDSHAKE_FAILURE, once both had agreed on AES256-SHA",
    ],
)
@pytest.mark.parametrize("outcome", ["connected", "refused"])
@pytest.mark.parametrize("received", [(), (b"",)])
def test_a_server_that_demands_a_certificate_of_its_clients(
    detail: str, received: tuple[bytes, ...], outcome: str
) -> None:
    """In TLS 1.3 that shows only once data is sent, and is no silence."""
    found = answered(detail, received, outcome=outcome)
    assert (found.answered, found.finding) == (False, "client-certificate")
    assert found.words == f"it demands a certificate of its clients: {detail}"


@pytest.mark.parametrize(
    ("reply", "answers"),
    [(b"", False), (b"SIP/2.0 200 OK\r\n\r\n", False), (b"HTTP/1.0 200 OK\r\n\r\n", False)],
)
def test_reply_from_elsewhere_is_an_answer_only_to_the_very_question(
    reply: bytes, answers: bool
) -> None:
    """Anybody can send a datagram."""
    assert other_answer(reply).answered is answers


def test_reply_from_elsewhere_is_recognised() -> None:
    """By what was asked, which nobody else knows; the probe itself stays silent."""
    question = sip.request(ASKED)[0].send.split(b"\r\n")
    same = [line for line in question if line[:4] in (b"Via:", b"Call", b"CSeq")]
    found = other_answer(b"\r\n".join([b"SIP/2.0 200 OK", *same, b"", b""]))
    assert (found.answered, found.words) == (True, "SIP 200 OK")


ASKED = Ask(
    transport="udp", source="10.0.0.7", address="10.0.0.8", port=5060, nonce=b"0" * 16, secret=None
)


def other_answer(reply: bytes) -> Answer:
    """What was recognised in a datagram from another address than the one that was asked."""
    probe = Probe(transport="udp", address="10.0.0.8", port=5060, protocol="sip")
    other = OtherReply(address="10.0.0.9", port=5060, received=reply)
    result = ProbeResult(key=probe.key, outcome="silent", other_replies=(other,))
    facts = HostFacts(host="sip1", method="python", privileged=True, took=1.0, probes=(result,))
    seen = QUESTIONS.recognise("10.0.0.7", Request(host="sip1", probes=(probe,)), facts)
    assert isinstance(seen, HostFacts)
    (result,) = seen.probes
    assert result.answer is not None
    assert not result.answer.answered
    (found,) = result.other_replies
    assert found.answer is not None
    return found.answer


def test_other_ends_of_tls_say_nothing_more() -> None:
    """Nor does an alert that came after an answer, or a reply that reads like one."""
    assert answered("closed by the peer", (b"",)).finding == "no-answer"
    assert recognised("SSLV3_ALERT_HANDSHAKE_FAILURE", (), outcome="refused") is None
    assert answered("TLSV13_ALERT_CERTIFICATE_REQUIRED", (b"220 mail",)).finding != (
        "client-certificate"
    )
    assert answered("certificate required", (b"",), "tcp").finding == "no-answer"


@pytest.mark.parametrize("detail", ["closed by the peer", "ECONNRESET", "EPIPE"])
@pytest.mark.parametrize("received", [(), (b"",)])
def test_smpp_that_hangs_up_on_who_is_not_bound(detail: str, received: tuple[bytes, ...]) -> None:
    """It may, so that nothing follows of it; on a bind it may not."""
    found = answered(detail, received, "tcp", protocol="smpp")
    assert (found.answered, found.finding) == (False, "hung-up")
    assert found.words == (
        "it hung up on enquire_link, as it may on whoever is not bound; a bind would tell more "
        "(questions: smpp: bind)"
    )
    assert (
        answered(detail, received, "tcp", protocol="smpp", question="bind").finding == "no-answer"
    )
    assert answered(detail, (b"HTTP",), "tcp", protocol="smpp").finding == "not-this-protocol"
    assert answered(detail, received, "tcp", protocol="imap").finding == "no-answer"


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        (
            "smpp",
            "it passes enquire_link over, as it may on whoever is not bound; a bind would tell "
            "more (questions: smpp: bind)",
        ),
        (
            "diameter",
            "it passes a CER over, as it may where it does not know the peer; a peer of the "
            "audit's name (*.portaswitch-audit.invalid) would tell more",
        ),
    ],
)
def test_silence_towards_an_unknown_client_is_allowed(protocol: str, words: str) -> None:
    """As is a connection that ends; what was owed an answer is not."""
    found = answered("no reply in 3 s", (b"",), "tcp", protocol=protocol)
    assert (found.answered, found.finding, found.words) == (False, "not-obliged", words)
    for other in ("imap", "http", "sip", "smtp"):
        assert answered("no reply in 3 s", (b"",), "tcp", protocol=other).finding == "no-answer"
    bind = answered("no reply in 3 s", (b"",), "tcp", protocol="smpp", question="bind")
    assert bind.finding == "no-answer"


@pytest.mark.parametrize("detail", ["closed by the peer", "ECONNRESET", "EPIPE"])
def test_http_and_diameter_that_hang_up_on_an_unknown_client(detail: str) -> None:
    """As nginx does on a name that it does not serve, and RFC 6733 allows."""
    found = answered(detail, (b"",), "tcp", protocol="http")
    assert (found.finding, found.words) == (
        "hung-up",
        "it hung up on HEAD, as servers do on whoever asks for a name that they do not serve",
    )
    found = answered(detail, (b"",), "tcp", protocol="diameter")
    assert (found.finding, found.words) == (
        "hung-up",
        "it hung up on a CER, as it may where it does not know the peer; a peer of the audit's "
        "name (*.portaswitch-audit.invalid) would tell more",
    )


@pytest.mark.parametrize(
    "detail", ["TLSV1_UNRECOGNIZED_NAME", "tlsv1 unrecognized name (_ssl.c:1000)"]
)
def test_tls_that_wants_a_name_is_unknown_only_where_none_is_declared(detail: str) -> None:
    """Where the site says what it is called, its peers ask for that as well."""
    found = answered(detail, (), outcome="refused")
    assert (found.answered, found.finding) == (False, "name-wanted")
    assert found.words == (
        f"it speaks TLS to those only who ask for a name that it has ({detail}); declare one "
        "(tls: names)"
    )
    assert recognised(detail, (), outcome="refused", name="sip.example.org") is None


@pytest.mark.parametrize("received", [(), (b"SIP/2.0 2",)])
def test_nothing_follows_of_a_conversation_that_was_cut_off(received: tuple[bytes, ...]) -> None:
    """The service may be well: it was this side that left."""
    assert flight.CUT_OFF == CUT_OFF
    assert recognised(CUT_OFF, received) is None
