"""The page about unknown clients, made of what the protocols say of them."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.protocols import unknown_client
from pytest_portaswitch.protocols.registry import MODULES
from pytest_portaswitch.protocols.unknown_client import WORDLESS, Does, Rule, Step

NAMES = {
    "mysql": "MySQL and MariaDB",
    "radius": "RADIUS",
    "sip": "SIP",
    "smpp": "SMPP",
    "imap": "IMAP",
    "smtp": "SMTP",
    "diameter": "Diameter",
    "http": "HTTP",
    "ssh": "SSH",
    "tftp": "TFTP",
    "rtp": "RTP",
}

_HEAD = """\
# What an unknown client may get, and what that proves

To a service, a probe is an unknown client: it comes from a host that is to be served, and gives a
name that the service does not have. So it may be refused, in many ways, by a service that is well.

What a server does before the client names itself, it does to every client of that host, a real
peer included: it counts. What it does afterwards, it may do to the unknown only. A refusal in words
of the protocol then proves that the service answers. An end without a word proves nothing where the
protocol allows it, and fails where an answer is owed; it is owed where the same question of another
host is answered.

*Passes*, *unknown* and *fails* are of a row that demands an answer, as nearly all do. What is
unknown names what would tell more. A datagram that is not answered fails only where it was seen
arriving. A connection that is refused or not taken at all, and a process that is stopped or hangs,
has nothing to do with who asks: it fails, whatever stands here.

This page is made from the code: `scripts/unknown-clients-doc .venv/bin/python`.
"""

_SHOWN: dict[Does, str] = {
    "answers": "answers",
    "refuses": "refuses in words",
    "closes": "closes",
    "resets": "resets",
    "keeps silent": "keeps silent",
}


def text() -> str:
    """Return the page in Markdown."""
    parts = [_HEAD, *_table("TLS, where a protocol is spoken inside it", unknown_client.TLS)]
    for protocol, (module, _) in MODULES.items():
        parts += _table(NAMES[protocol], module.CLIENT)
    return "\n".join(parts)


def _table(title: str, steps: tuple[Step, ...]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| The audit | the server | by | which | as |"
    yield "|---|---|---|---|---|"
    for one in steps:
        for place, rows in enumerate(_together(one.rules)):
            first = rows[0]
            does = ", ".join(dict.fromkeys(_SHOWN[rule.does] for rule in rows))
            how = "; ".join(dict.fromkeys(rule.how for rule in rows if rule.how))
            step = one.title if not place else ""
            yield f"| {step} | {does} | {how} | {first.proves} | {first.why} |"
    yield ""


def _together(rules: tuple[Rule, ...]) -> list[list[Rule]]:
    """Rules that stand side by side and prove the same for the same reason, in words or without."""
    found: list[list[Rule]] = []
    before = None
    for rule in rules:
        key = (rule.does if rule.does not in WORDLESS else "", rule.proves, rule.why)
        if key == before:
            found[-1].append(rule)
        else:
            found.append([rule])
        before = key
    return found
