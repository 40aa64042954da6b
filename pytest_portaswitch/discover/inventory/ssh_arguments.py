"""The jump host that an inventory hands to ssh among its arguments."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

_HARMLESS = frozenset({
    "controlmaster", "controlpath", "controlpersist", "serveraliveinterval", "serveralivecountmax",
    "connecttimeout", "forwardagent", "loglevel", "compression", "tcpkeepalive",
    "preferredauthentications", "batchmode",
})  # fmt: skip
"""Settings without which hosts are reached as well."""


_LONGEST = 10_000
"""Characters; the time that it takes to divide them into words grows with their square."""


class Arguments(NamedTuple):
    """What was understood of arguments for ssh."""

    jump: str
    left_out: tuple[str, ...]
    """What was not, as it was written."""


def read_arguments(text: str) -> Arguments:
    """The jump host, from ``-J``, ``ProxyJump``, or a ``ProxyCommand`` that runs ``ssh -W``."""
    try:
        words = shlex.split(text) if len(text) <= _LONGEST else None
    except ValueError:
        words = None
    if words is None:
        return Arguments("", (text,))
    jump, left_out = "", []
    while words:
        word = words.pop(0)
        flag, value = word[:2], word[2:]
        if flag in ("-J", "-o") and not value and words:
            value = words.pop(0)
        key, _, setting = (
            part.strip() for part in re.sub("^(\\w+) +", r"\1=", value).partition("=")
        )
        if flag == "-J":
            jump = value
        elif flag == "-o" and key.lower() == "proxyjump":
            jump = setting
        elif flag == "-o" and key.lower() == "proxycommand" and (hop := _hop(setting)):
            jump = hop
        elif word not in ("-C", "-A", "-q") and not (flag == "-o" and key.lower() in _HARMLESS):
            left_out.append(f"{flag} {value}".strip())
    return Arguments("" if jump == "none" else jump, tuple(left_out))


def _hop(command: str) -> str:
    """The jump host of ``ssh -W %h:%p HOST``; empty where it is another command."""
    try:
        program, *words = shlex.split(command)
    except ValueError:
        return ""
    if program.rpartition("/")[2] != "ssh":
        return ""
    user = port = place = target = ""
    while words:
        word = words.pop(0)
        flag, value = word[:2], word[2:]
        if flag in ("-W", "-l", "-p", "-o") and not value and words:
            value = words.pop(0)
        if flag == "-W":
            target = value
        elif flag == "-l":
            user = value
        elif flag == "-p":
            port = value
        elif flag == "-o" and value.partition("=")[0].strip().lower() in _HARMLESS:
            continue
        elif word not in ("-q", "-C", "-A", "-T", "-x"):
            if word.startswith("-") or place:
                return ""
            place = word
    if target not in ("%h:%p", "[%h]:%p") or not place:
        return ""
    before = f"{user}@" if user and "@" not in place else ""
    return f"{before}{place}{f':{port}' if port else ''}"
