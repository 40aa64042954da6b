"""What a reply proves, in a shape of its own for no protocol: slugs, words and details.

Everything in an answer came from a host and is hostile, so it is cleaned and bounded here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from pytest_portaswitch.facts import clean

Finding = Literal[
    "",
    "login-refused",
    "no-answer",
    "not-this-protocol",
    "not-our-reply",
    "unreadable",
    "cut-short",
    "secret-needed",
    "unverified",
    "wrong-secret",
    "host-not-allowed",
    "host-blocked",
    "too-many-connections",
    "tls-required",
    "access-denied-with-credentials",
    "login-accepted",
    "peer-refused",
    "unavailable",
    "server-error",
    "nothing-to-ask",
]
"""``""``: it answered, and all is well.
``login-refused``: it answered by refusing a login without credentials, as it should (MySQL 1045).
``no-answer``: it took the question and said nothing in time, or closed without a word.
``not-this-protocol``: what came back is something else.
``not-our-reply``: the protocol, but the reply to another question.
``unreadable``: it began as the protocol and then broke its rules.
``cut-short``: a good beginning whose rest did not come.
``secret-needed``: silence, which is right, since the secret that would prove more was not given.
``unverified``: an answer that nothing proves to be the server's (RADIUS without a secret).
``wrong-secret``: the reply is not signed with the secret that was given.
``host-not-allowed``, ``host-blocked``, ``too-many-connections``: MySQL 1130, 1129 and 1040, and
what means the same elsewhere.
``tls-required``: it speaks to nobody without TLS.
``access-denied-with-credentials``: the credentials given were refused.
``login-accepted``: a login without a password succeeded.
``peer-refused``: Diameter or SMPP declined this peer by the book.
``unavailable``, ``server-error``: it answers that it cannot serve (SIP 503, SMTP 421, IMAP BYE).
``nothing-to-ask``: the protocol has no question that a stranger may ask (RTP)."""

GOOD: frozenset[Finding] = frozenset(
    {"", "login-refused", "peer-refused", "nothing-to-ask", "secret-needed"}
)
"""The findings that are no fault. ``peer-refused`` is none, because it refuses the audit's own
name, not the peer's: the service is there and speaks. Of the last two nothing follows."""

WORDS = 200
DETAIL = 120
DETAILS = 16


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was recognised in the replies to one question."""

    answered: bool
    """It replied as the protocol that was asked for, well or not: the grade ``answered``."""
    finding: Finding = ""
    words: str = ""
    """One line for people."""
    details: dict[str, str] = {}
    """Such as ``version``, ``code``, ``server``. Names are ours, values the host's."""

    @property
    def fault(self) -> bool:
        """Whether something is wrong, even though it may have answered."""
        return self.finding not in GOOD


def answer(finding: Finding, words: str, details: Mapping[str, str] | None = None) -> Answer:
    """It replied as itself."""
    return _made(True, finding, words, details or {})


def silence(finding: Finding, words: str, details: Mapping[str, str] | None = None) -> Answer:
    """It did not reply as itself."""
    return _made(False, finding, words, details or {})


def no_answer(received: tuple[bytes, ...]) -> Answer | None:
    """The answer where nothing came at all, otherwise None."""
    if any(received):
        return None
    return silence("no-answer", "it took the question and said nothing")


def stranger(protocol: str, reply: bytes) -> Answer:
    """The answer where something else came than ``protocol``."""
    return silence("not-this-protocol", f"not {protocol}: it said {excerpt(reply)}")


def excerpt(data: bytes, most: int = 40) -> str:
    """The beginning of some bytes, as a line for people."""
    return repr(data[:most])[1:] + ("..." if len(data) > most else "")


def text(data: bytes) -> str:
    """Bytes as one clean line."""
    return clean.text(" ".join(data[:DETAIL].decode("utf-8", "replace").split()), DETAIL)


def _made(answered: bool, finding: Finding, words: str, details: Mapping[str, str]) -> Answer:
    kept = [(name, value) for name, value in details.items() if value][:DETAILS]
    return Answer(
        answered=answered,
        finding=finding,
        words=clean.text(words, WORDS),
        details={name: clean.text(value, DETAIL) for name, value in kept},
    )
