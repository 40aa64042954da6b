"""RADIUS: Status-Server (RFC 5997), which asks whether the server lives and changes nothing.

With the shared secret the question is signed (Message-Authenticator, RFC 3579, 3.2), and a reply
proves that the other end has the same secret (Response Authenticator, RFC 2865, 3). A server says
nothing to a client that it does not know or whose signature is wrong, so a wrong secret shows only
where a server answers unsigned questions as well, or signs with a secret of its own.

Without a secret nothing can be proved. The question is still well-formed, signed with a secret
that nobody has, and silence is what a healthy server answers.

``variant="access-request"``: a login that is refused (RFC 2865, 4.1), for servers that do not know
Status-Server. ``variant="access-request-unsigned"``: the same without Message-Authenticator. A
server of the old kind (RFC 2865) answers it though the secrets differ, and by its signature the
reply then shows that they do; one that is hardened against CVE-2024-3596 drops it. Both go to the
authentication port only; the caller sees to that.

A server answers Status-Server on its accounting port by an Accounting-Response, on the other one by
an Access-Accept (RFC 5997, 3), so that the reply shows which of the two it takes the port for.
Older ones (Cistron's, and what came of it) answer by an Access-Accept on both, so that one where
accounting is to be served proves neither that it is nor that it is not: only a record would.
"""

from __future__ import annotations

from typing import Any

from pyrad import packet as radius  # type: ignore[import-untyped]

from pytest_portaswitch.protocols.algorithm import demand
from pytest_portaswitch.protocols.answer import Answer, answer, no_answer, silence, stranger, text
from pytest_portaswitch.protocols.ask import LARGEST_REPLY, Ask
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import rule, step

USER = b"portaswitch-audit"

_REFUSAL_PATIENCE = 2.5
"""Seconds: servers hold a refusal back, so that nobody can guess fast (FreeRADIUS a second)."""

_USER_NAME, _USER_PASSWORD, _NAS_IDENTIFIER, _REPLY_MESSAGE, _SIGNATURE = 1, 2, 32, 18, 80
_REPLIES = {
    radius.AccessAccept: "Access-Accept",
    radius.AccessReject: "Access-Reject",
    radius.AccountingResponse: "Accounting-Response",
    radius.AccessChallenge: "Access-Challenge",
}

_UNEXPLAINED = (
    "no reply: it does not know this client, or has another secret, or does not serve Status-Server"
)
_UNEXPLAINED_LOGIN = (
    "no reply to a login: it does not know this client, or has another secret, or delays its "
    "refusal for longer than was waited"
)
_UNPROVABLE = "no reply, as is right without the secret: give one to prove the service"

CLIENT = (
    step(
        "asks Status-Server or a login, signed with the secret",
        rule("answers", how="any reply that the secret proves", why="RFC 5997, 4.2; RFC 2865, 3"),
        rule("answers", "role-unproved", "an Access-Accept at the accounting port"),
        rule("answers", "not-our-reply", "an Accounting-Response at the authentication port"),
        rule("answers", "wrong-secret", "a reply that another secret signs"),
        rule(
            "keeps silent",
            "not-obliged",
            why="RFC 2865, 3: a client that it does not know, or another secret. Fails where the "
            "same question of another host is answered",
        ),
    ),
    step(
        "asks the same without a secret",
        rule("answers", "unverified", "any reply"),
        rule("keeps silent", "secret-needed", why="RFC 2865, 3; RFC 5997, 4.2"),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """One signed datagram."""
    question: bytes = _question(ask).RequestPacket()
    patience = _REFUSAL_PATIENCE if _is_login(ask) else 0.0
    # Without a secret it stays silent if it is well.
    waiting = Step(receive=LARGEST_REPLY, patience=patience, due=ask.secret is not None)
    return (Step(send=question), waiting)


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """Whether the reply is the server's, by the secret."""
    if no_answer(received):
        if ask.secret is None:
            return silence("secret-needed", _UNPROVABLE)
        return silence("not-obliged", _UNEXPLAINED_LOGIN if _is_login(ask) else _UNEXPLAINED)
    data = next(filter(None, received))
    question = _question(ask)
    try:
        reply = radius.Packet(packet=data, secret=question.secret)
    except Exception:  # the library raises what it likes at what is no packet
        return stranger("RADIUS", data)
    name = _REPLIES.get(reply.code)
    if name is None:
        return stranger("RADIUS", data)
    if reply.id != question.id:
        return silence("not-our-reply", f"{name} to another request")
    message = reply.get(_REPLY_MESSAGE) or [b""]
    details = {"code": name, "message": text(message[0])}
    if ask.secret is None:
        return silence("unverified", f"{name}, which nothing proves to be the server's", details)
    if not _genuine(question, reply):
        return answer("wrong-secret", f"{name}, not signed with the secret given", details)
    accounts = reply.code == radius.AccountingResponse
    if accounts and (_is_login(ask) or ask.port_role == "authentication"):
        words = f"{name}: it serves accounting where authentication is to be served"
        return silence("not-our-reply", words, details)
    if not accounts and ask.port_role == "accounting":
        words = (
            f"{name}: so answers what serves authentication, and on either port what is older than "
            "RFC 5997"
        )
        return silence("role-unproved", words, details)
    return answer("", name, details)


def _is_login(ask: Ask) -> bool:
    return ask.variant in ("access-request", "access-request-unsigned")


def _question(ask: Ask) -> Any:
    """The request, the same each time. Raises ``AlgorithmRefused`` where a secret is given."""
    login = _is_login(ask)
    question = radius.AuthPacket(
        code=radius.AccessRequest if login else radius.StatusServer,
        id=ask.token("radius-id", 1)[0],
        secret=ask.secret.reveal().encode() if ask.secret else b"",
        authenticator=ask.token("radius-authenticator", 16),
    )
    if ask.secret is None:
        # What is made with a secret that nobody has is as good as chance, which needs no MD5.
        if ask.variant != "access-request-unsigned":
            question[_SIGNATURE] = [ask.token("radius-signature", 16)]
        if login:
            question[_USER_NAME] = [USER]
            question[_USER_PASSWORD] = [ask.token("radius-password", 16)]
        question[_NAS_IDENTIFIER] = [USER]
        return question
    demand("md5", "RADIUS")
    if login:
        password = ask.word("radius-password", 16)
        question[_USER_NAME] = [USER]
        question[_USER_PASSWORD] = [question.PwCrypt(password)]
    question[_NAS_IDENTIFIER] = [USER]
    if ask.variant != "access-request-unsigned":
        # Made last, and put first (CVE-2024-3596).
        question.add_message_authenticator()
    return question


def _genuine(question: Any, reply: Any) -> bool:
    try:
        return bool(question.VerifyReply(reply))
    except Exception:  # the library raises bare ones at odd attributes
        return False
