"""What a server may do to a client that it does not know, and what that proves: one rule.

To a service, a probe is an unknown client: it comes from a host that is to be served, and gives a
name that the service does not have. What a server does before the client names itself, it does to
every client of that host, so it counts. What it does afterwards it may do to the unknown only. So
each protocol says, step by step, what a server may answer, how it may refuse in words, and what it
means that it closes, resets, or keeps silent. ``docs/unknown-clients.md`` is made from these rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from pytest_portaswitch.facts.answer import PROVES, Proves
from pytest_portaswitch.protocols.answer import Answer, Finding, silence
from pytest_portaswitch.protocols.ask import Ask

Does = Literal["answers", "refuses", "closes", "resets", "keeps silent"]
"""``refuses``: in words of the protocol. The last three: without any."""

WORDLESS: tuple[Does, ...] = ("closes", "resets", "keeps silent")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one way of a server to react at one step proves."""

    step: str
    """What the client has done just before, in words."""
    does: Does
    finding: Finding
    how: str = ""
    """By which words of the protocol; empty: there is but one way."""
    why: str = ""
    """Where it is written, or who does it."""
    words: str = ""
    """What the answer says; empty: what the protocol's own module says."""
    variant: str = ""
    """The question for which alone it holds; empty: for the usual one."""

    @property
    def proves(self) -> Proves:
        """What follows for the check, where an answer is demanded."""
        return PROVES[self.finding]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a conversation after which the server has its turn."""

    title: str
    variant: str = ""
    rules: tuple[Rule, ...]


def step(title: str, *rules: Rule, variant: str = "") -> Step:
    """Return a step with its rules, each of which knows where it stands."""
    own = tuple(msgspec.structs.replace(one, step=title, variant=variant) for one in rules)
    return Step(title=title, variant=variant, rules=own)


def rule(does: Does, finding: Finding = "", how: str = "", why: str = "", words: str = "") -> Rule:
    """Return a rule that does not know its step yet."""
    return Rule(step="", does=does, finding=finding, how=how, why=why, words=words)


def wordless(finding: Finding, why: str, words: str = "") -> tuple[Rule, ...]:
    """Return the rules of a step at which all ends without words mean the same."""
    return tuple(rule(does, finding, why=why, words=words) for does in WORDLESS)


_CLOSED, _RESET = frozenset({"closed by the peer"}), frozenset({"ECONNRESET", "EPIPE"})
"""How the remote program says that the other side ended the connection."""


def ended(detail: str) -> Does:
    """Return what the server did where nothing more came, by the detail of the probe."""
    if detail in _CLOSED:
        return "closes"
    return "resets" if detail in _RESET else "keeps silent"


def applied(
    steps: Sequence[Step], ask: Ask, received: tuple[bytes, ...], detail: str, found: Answer
) -> Answer:
    """Return the answer, after the rule of the step at which the server ended without a word."""
    if found.finding not in ("no-answer", "cut-short") or (received and received[-1]):
        return found
    own = [one for one in steps if one.variant == ask.variant]
    reached = sum(map(bool, received))
    if reached >= len(own):
        return found
    does = ended(detail)
    matching = (one for one in own[reached].rules if one.does == does and one.words)
    met = next(matching, None)
    return silence(met.finding, met.words, found.details) if met else found


TLS: tuple[Step, ...] = (
    step(
        "begins TLS",
        rule("answers", how="a handshake, of any version, with or without RFC 5746"),
        rule(
            "refuses",
            "client-certificate",
            "certificate_required, bad_certificate; handshake_failure once both had agreed",
            "RFC 8446, 6.2; RFC 5246, 7.2.2",
        ),
        rule(
            "refuses",
            "name-wanted",
            "unrecognized_name, where no name is declared",
            "RFC 6066, 3; nginx: ssl_reject_handshake",
        ),
        rule("refuses", "no-answer", "any other alert", "no common version or cipher, for one"),
        *wordless("no-answer", "a peer gets the same: it has not named itself either"),
    ),
)
"""Over TLS these come before those of the protocol."""

_CLIENT_CERTIFICATE = re.compile(
    r"(?i)certificate[ _]required|(?:bad|no)[ _]certificate"
    r"|handshake[ _]failure, once both had agreed"
)
"""Alerts of RFC 8446, 6.2, and RFC 5246, 7.2.2, as OpenSSL calls them. The audit shows no
certificate, so none of its own can be a bad one; what else a handshake fails of shows before both
agree."""

_NAME_WANTED = re.compile(r"(?i)unrecognized[ _]name")


def of_handshake(detail: str, name: str) -> Answer | None:
    """Return what it means how TLS ended; None: nothing that has to do with who the client is.

    ``name``: the one that was asked for.
    """
    if _CLIENT_CERTIFICATE.search(detail):
        # TLS 1.3 lets the client believe that all is well until the first data.
        words = f"it demands a certificate of its clients: {detail}"
        return silence("client-certificate", words)
    if not name and _NAME_WANTED.search(detail):
        words = (
            f"it speaks TLS to those only who ask for a name that it has ({detail}); declare one "
            "(tls: names)"
        )
        return silence("name-wanted", words)
    return None


def codes(meanings: Mapping[int, Finding], finding: Finding) -> str:
    """Return the numbers that mean something, for the page."""
    return ", ".join(str(code) for code, meant in sorted(meanings.items()) if meant == finding)
