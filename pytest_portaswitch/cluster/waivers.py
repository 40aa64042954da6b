"""The ``waivers`` of a cluster file: failures that the site excuses for a while."""

from __future__ import annotations

import datetime
import re
from fnmatch import fnmatchcase

from pytest_portaswitch.cluster.model import Waiver
from pytest_portaswitch.source import Value, closest
from pytest_portaswitch.source.scalar import day, prose

KINDS = (
    "connection",
    "hygiene",
    "listener",
    "port-range",
    "private-network",
    "process",
    "reachability",
    "read-only",
    "redundancy",
    "tls",
    "undeclared",
)
"""What a check's id begins with."""

MOST = 1000
"""Waivers of one cluster; each is compared with every check."""

LONGEST = 300
"""Characters of a pattern: Python's ``fnmatch`` takes the square of its length for brackets."""

_GLOB = re.compile(rf"[A-Za-z0-9.:*?\[\]!_-]{{1,{LONGEST}}}")


def read(value: Value) -> tuple[Waiver, ...]:
    """Waivers in the order of the file. Whether one has expired is not asked here."""
    found = []
    for item in value.items("a list of waivers", MOST) or ():
        section = item.section(("check", "reason", "owner", "until"))
        if section is None:
            continue
        found.append(
            Waiver(
                check=section.read("check", check, ""),
                reason=section.read("reason", prose, ""),
                owner=section.read("owner", prose, ""),
                until=section.read("until", day, datetime.date.min),
                line=item.line,
            )
        )
    return tuple(found)


def check(value: Value) -> str | None:
    """A shell-style pattern over check ids, which begin with their kind."""
    text = value.scalar("a pattern of check ids")
    if text is None:
        return None
    kind, colon, _ = text.partition(":")
    if not _GLOB.fullmatch(text) or not re.search(r"[A-Za-z0-9*?]", text):
        value.refuse("is no pattern of check ids", "such as listener:sip1:*")
    elif not re.search(r"[A-Za-z0-9]", text):
        value.refuse("would excuse every failure", "name the checks")
    elif not any(fnmatchcase(known, kind) for known in KINDS):
        value.refuse("begins with no kind of check", closest(kind, KINDS))
    elif not colon:
        value.refuse("names a kind and no check of it", f"all of them are {text}:*")
    else:
        return text
    return None
