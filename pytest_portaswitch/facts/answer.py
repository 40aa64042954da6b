"""What was recognised in the replies to a probe: slugs, words and details, of no protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from pytest_portaswitch.text import NO_TEXT, Text

Finding = Literal[
    "",
    "login-refused",
    "no-answer",
    "not-this-protocol",
    "not-our-reply",
    "unreadable",
    "cut-short",
    "secret-needed",
    "not-obliged",
    "unverified",
    "role-unproved",
    "wrong-secret",
    "host-not-allowed",
    "host-blocked",
    "too-many-connections",
    "tls-required",
    "client-certificate",
    "hung-up",
    "name-wanted",
    "tls-unproved",
    "room-unproved",
    "identity-refused",
    "access-denied-with-credentials",
    "login-accepted",
    "peer-refused",
    "unavailable",
    "server-error",
    "nothing-to-ask",
    "algorithm-refused",
    "internal-error",
]
"""``""``: it answered, and all is well.
``login-refused``: it answered by refusing a login without credentials, as it should (MySQL 1045).
``no-answer``: it took the question and said nothing in time, or closed without a word.
``not-this-protocol``: what came back is something else.
``not-our-reply``: the protocol, but the reply to another question.
``unreadable``: it began as the protocol and then broke its rules.
``cut-short``: a good beginning whose rest did not come.
``secret-needed``: silence, which is right, since the secret that would prove more was not given.
``not-obliged``: silence from a service that owes none to a client that it does not know, or whose
secret is another one.
``unverified``: an answer that nothing proves to be the server's (RADIUS without a secret).
``role-unproved``: an answer by the server's secret that does not tell whether it serves what its
port is for (RADIUS accounting).
``wrong-secret``: the reply is not signed with the secret that was given.
``host-not-allowed``, ``host-blocked``, ``too-many-connections``: MySQL 1130, 1129 and 1040, and
what means the same elsewhere.
``tls-required``: it takes no login without TLS, and offers none.
``client-certificate``: it speaks TLS to nobody without a certificate, and the audit has none.
``hung-up``: it ended the connection without a word, as it may where it does not know the client.
``name-wanted``: it speaks TLS to those only who ask for a name that it has (SNI), and no name is
declared that could be asked for.
``tls-unproved``: it takes no login without TLS, and the audit did not get that far inside TLS.
``room-unproved``: it refused the audit's login, and does not show whether it has a connection left
for one that it would take.
``identity-refused``: it refuses, and may mean the name that the audit gives, or the host.
``access-denied-with-credentials``: the credentials given were refused.
``login-accepted``: a login without a password succeeded.
``peer-refused``: Diameter, SMPP or SMTP declined this peer by the book.
``unavailable``, ``server-error``: it answers that it cannot serve (SIP 503, SMTP 421, IMAP BYE).
``nothing-to-ask``: the protocol has no question that a stranger may ask (RTP).
``algorithm-refused``: the auditing machine refuses an algorithm that the protocol needs (MD5 where
FIPS mode is on), so that the service was not asked, or its reply could not be checked.
``internal-error``: a fault of this program; the host's ``internal_errors`` have it."""

Proves = Literal["passes", "unknown", "fails"]

PROVES: Mapping[Finding, Proves] = {
    "": "passes",
    "login-refused": "passes",
    "peer-refused": "passes",
    "no-answer": "fails",
    "not-this-protocol": "fails",
    "not-our-reply": "fails",
    "unreadable": "fails",
    "cut-short": "fails",
    "wrong-secret": "fails",
    "host-not-allowed": "fails",
    "host-blocked": "fails",
    "too-many-connections": "fails",
    "tls-required": "fails",
    "access-denied-with-credentials": "fails",
    "login-accepted": "fails",
    "unavailable": "fails",
    "server-error": "fails",
    "secret-needed": "unknown",
    "not-obliged": "unknown",
    "unverified": "unknown",
    "role-unproved": "unknown",
    "client-certificate": "unknown",
    "hung-up": "unknown",
    "name-wanted": "unknown",
    "tls-unproved": "unknown",
    "room-unproved": "unknown",
    "identity-refused": "unknown",
    "nothing-to-ask": "unknown",
    "algorithm-refused": "unknown",
    "internal-error": "unknown",
}
"""What each finding proves of a service from which an answer is demanded. A datagram that is not
answered fails only where it was seen arriving."""

GOOD: frozenset[Finding] = frozenset(
    {"", "login-refused", "peer-refused", "nothing-to-ask", "secret-needed"}
)
"""The findings that are no fault. ``peer-refused`` is none, because it refuses the audit's own
name, not the peer's: the service is there and speaks. Of the last two nothing follows."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was recognised in the replies to one question."""

    answered: bool
    """It replied as the protocol that was asked for, well or not: the grade ``answered``."""
    finding: Finding = ""
    words: Text = NO_TEXT
    """One line for people."""
    details: dict[str, Text] = {}
    """Such as ``version``, ``code``, ``server``. Names are ours, values the host's."""

    @property
    def fault(self) -> bool:
        """Whether something is wrong, even though it may have answered."""
        return self.finding not in GOOD
