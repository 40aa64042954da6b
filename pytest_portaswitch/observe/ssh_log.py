"""Reads what one ssh logged: how far it came, and what ended it. Pure.

ssh writes its log to a pipe of its own (``-E``), so that no banner, no PAM text and no output of a
command can stand in it. A server's words do stand inside some lines, and a line break in them
begins what looks like another line. So lines count in order only: what ends a stage is looked for
in that stage, and nothing that a server can say leads to a finding that it could not bring about by
what it does. What happens before a server can speak (settings, names, TCP) is ssh's word alone.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Stage = Literal[
    "unknown",
    "started",
    "connecting",
    "connected",
    "identified",
    "encrypted",
    "authenticating",
    "let-in",
]
"""How far one ssh came. ``unknown``: it logged errors only. ``connected``: TCP, or the proxy, is
there. ``identified``: the peer named its SSH version. ``encrypted``: the host's key was accepted.
``authenticating``: keys may be offered. ``let-in``: logged in."""

End = Literal[
    "",
    "bad-settings",
    "name-not-resolved",
    "refused",
    "timeout",
    "no-route",
    "not-ssh",
    "closed",
    "key-changed",
    "key-revoked",
    "certificate",
    "key-unknown",
    "no-algorithm",
    "disconnected",
    "denied",
    "no-session",
    "prohibited",
    "silence",
]
"""What ended it, in ssh's own words; empty: nothing that is known."""

KeyState = Literal["", "offered", "tried", "accepted", "unused", "spurned", "partial"]
"""``tried``: used without asking first. ``accepted``: the host takes it, so far. ``unused``: the
host takes it, and ssh made no signature. ``spurned``: the host took it, and refused the login.
``partial``: the host takes it, and wants something more."""

_STAGES: tuple[tuple[str, Stage], ...] = (
    (r"debug1: Connecting to |debug1: Executing proxy ", "connecting"),
    (r"debug1: Connection established|debug1: Local version string ", "connected"),
    (r"debug1: Remote protocol version ", "identified"),
    (r"debug1: SSH2_MSG_NEWKEYS sent", "encrypted"),
    (r"debug1: SSH2_MSG_SERVICE_ACCEPT received", "authenticating"),
    (r"Authenticated to |debug1: Authentication succeeded", "let-in"),
)
_BEFORE: frozenset[Stage] = frozenset({"started", "connecting"})
_GREETING: frozenset[Stage] = frozenset({"connecting", "connected"})
_EARLY: frozenset[Stage] = frozenset({"connected", "identified"})
_VERSION: frozenset[Stage] = _GREETING | _EARLY
_LOGIN: frozenset[Stage] = frozenset({"encrypted", "authenticating"})
_DISCONNECT: frozenset[Stage] = _EARLY | _LOGIN
_UNTIL_LOGIN: frozenset[Stage] = _BEFORE | _EARLY | _LOGIN
_INSIDE: frozenset[Stage] = frozenset({"let-in"})

_ERRORS: tuple[tuple[str, End, frozenset[Stage]], ...] = (
    (
        r".*Bad configuration option|.*bad configuration options|Bad owner or permissions on "
        r"|Can't open user config file |command-line: line \d+: |.*[Bb]ad (?:SSH2 )?\w+ spec"
        r"|.*: line \d+: (?:Bad|Unsupported|missing|no argument|keyword|unsupported|invalid) ?"
        r"|.* line \d+: (?:Bad|Missing|Unsupported|garbage|no argument|keyword)|.*percent_expand"
        r"|.*terminating, \d+ bad |(?:.*: )?unknown key %|Unsupported option",
        "bad-settings",
        _BEFORE,
    ),
    (r"(?:ssh: )?Could not resolve hostname ", "name-not-resolved", _BEFORE),
    (r"(?:ssh: )?connect to (?:host|address) .*: Connection refused", "refused", _BEFORE),
    (r"(?:ssh: )?connect to (?:host|address) .*: \S+ timed out", "timeout", _BEFORE),
    (r"(?:ssh: )?connect to (?:host|address) .*: |socket: |bind \S+: ", "no-route", _BEFORE),
    (
        r".*banner line contains invalid characters|.*banner line too long"
        r"|.*No SSH version received|.*[Nn]o banner received|.*Server line too long"
        r"|Bad remote protocol version |Protocol major versions differ|.*too old SSH software"
        r"|.*: invalid format",
        "not-ssh",
        _VERSION,
    ),
    (r"(?:\S+ h|H)ost key for \S+ has changed", "key-changed", _EARLY),
    (r"(?:\S+ h|H)ost key (?:for )?.*(?:was revoked|revoked by file)", "key-revoked", _EARLY),
    (r"Certificate (?:invalid: |lacks |contains |signed with |for )", "certificate", _EARLY),
    (r"No \S+ host key is known for |Host key verification failed", "key-unknown", _EARLY),
    (
        r"Unable to negotiate |.*no matching |.*not (?:permitted by|in) Host[Kk]eyAlgorithms"
        r"|Bad server host key|.*no hostkey alg",
        "no-algorithm",
        _EARLY,
    ),
    (r"(?:\S+: )?Permission denied \(", "denied", _LOGIN),
    (r"Received disconnect from ", "disconnected", _DISCONNECT),
    (
        r".*Connection timed out|.*Operation timed out|Connection to .* timed out"
        r"|Timeout, server \S+ not responding",
        "silence",
        _UNTIL_LOGIN | _INSIDE,
    ),
    (
        r"(?:kex|ssh)_exchange_identification: |banner exchange: |.*Connection reset by "
        r"|.*Connection closed by |Disconnected from |.*Broken pipe"
        r"|ssh_dispatch_run_fatal: |Bad packet length |Authentication failed\.",
        "closed",
        _UNTIL_LOGIN,
    ),
    (r"\S+ request failed on channel ", "no-session", _INSIDE),
    (r"channel \d+: open failed: administratively prohibited", "prohibited", _INSIDE),
    (r"channel \d+: open failed: ", "no-session", _INSIDE),
)
_GRAVEST: tuple[End, ...] = ("key-changed", "key-revoked", "certificate")
"""ssh may go on after these, and end by another word."""

_LINE_BEFORE = re.compile(
    r"debug1: (?:kex_exchange_identification: banner line \d+|ssh_exchange_identification): (.*)"
)
_SSHD_SAYS = ("Exceeded MaxStartups", "Not allowed at this time")
"""sshd's own words before its version; no banner and no account's text stands there."""

_ORDINARY = re.compile(
    r"debug\d: |OpenSSH_\d|Authenticated (?:to|using) |Transferred: |Bytes per second: "
    r"|Warning: Permanently added |Killed by signal |\*\* |@{5}|$"
)


class SshLog(msgspec.Struct, kw_only=True):
    """What one ssh logged."""

    stage: Stage = "unknown"
    end: End = ""
    line: str = ""
    """The line that said so; or else the last one that is no ordinary remark."""
    proxied: bool = False
    """Whether a command carries the connection."""
    greetings: int = 0
    """Lines that the peer sent instead of an SSH version, but for those of a busy sshd."""
    busy: bool = False
    """Whether it sent one of those."""
    shows_certificate: bool = False
    offered: int = 0
    """Keys offered."""
    key: KeyState = ""
    """What became of the key that was offered last."""
    unused: str = ""
    """What ssh said of a key that the host takes and ssh could not sign with; or empty."""
    exit_status: int | None = None
    """That of the remote command, as far as the log has one; -1: it brought none."""
    signalled: bool = False
    """Whether a signal ended the remote command."""
    forward: str = ""
    """What a jump host said when it could not connect to the next host."""


def read(text: str, *, staged: bool = True) -> SshLog:
    """Return what a log says. Never raises. Unless ``staged``, it holds errors only."""
    lines = text.splitlines()
    found = SshLog(stage="started" if staged else "unknown")
    for line in lines:
        _advance(found, line)
        _note(found, line)
        if not found.end or found.end in _GRAVEST:
            _look_for_end(found, line)
    if not found.line:
        found.line = next((line for line in reversed(lines) if not _ORDINARY.match(line)), "")
    return found


def _advance(found: SshLog, line: str) -> None:
    if found.stage == "unknown" or found.end:
        return
    order = ["started", *(stage for _, stage in _STAGES)]
    for pattern, stage in _STAGES:
        if order.index(stage) > order.index(found.stage) and re.match(pattern, line):
            found.stage = stage
            return


def _note(found: SshLog, line: str) -> None:
    """Take in what is no end."""
    if line.startswith("debug1: Executing proxy "):
        found.proxied = found.proxied or found.stage == "connecting"
    elif line.startswith("debug1: auto-mux: Trying existing master"):
        # A connection that is shared logs nothing of a login; one that is not goes on to connect.
        found.stage = "let-in"
    elif found.stage in _GREETING and (greeting := _LINE_BEFORE.match(line)):
        if greeting[1].strip() in _SSHD_SAYS:
            found.busy = True
        else:
            found.greetings += 1
    elif line.startswith("debug1: Server host certificate: "):
        found.shows_certificate = True
    elif found.stage == "authenticating":
        _note_key(found, line)
    elif found.stage == "let-in":
        if status := re.match(r"debug1: Exit status (-?\d{1,3})$", line):
            found.exit_status = int(status[1])
        elif re.match(r"debug1: client_input_channel_req: channel \d+ rtype exit-signal", line):
            found.signalled = True
        elif forward := re.match(r"channel \d+: open failed: connect failed: (.*)", line):
            found.forward = forward[1].strip()


def _note_key(found: SshLog, line: str) -> None:
    if re.match(r"debug1: Offering .*public key: ", line):
        _leave_key(found)
        found.offered += 1
        found.key = "offered"
    elif line.startswith("debug1: Trying private key: "):
        # Of a file that is not there as well: then nothing comes of it.
        _leave_key(found)
        found.key = found.key or "tried"
    elif line.startswith("debug1: Server accepts key: "):
        found.key = "accepted"
    elif re.match(r"Authenticated (?:using \S+ )?with partial success", line):
        found.key = "partial"
    elif line.startswith("debug1: Authentications that can continue: "):
        found.offered += found.key == "tried"
        if found.key in ("accepted", "offered", "tried"):
            found.key = "spurned" if found.key == "accepted" else ""
    elif line.startswith("debug1: No more authentication methods"):
        _leave_key(found)
    elif found.key == "accepted" and not _ORDINARY.match(line):
        found.unused = line


def _leave_key(found: SshLog) -> None:
    """Turn to something else, without a word of the host's in between."""
    if found.key == "accepted":
        found.key = "unused"


def _look_for_end(found: SshLog, line: str) -> None:
    if line.startswith("debug"):
        return
    for pattern, end, stages in _ERRORS:
        if found.stage != "unknown" and found.stage not in stages:
            continue
        if re.match(pattern, line):
            if not found.end or (end in _GRAVEST and _GRAVEST.index(end) < _rank(found.end)):
                found.end = end
                found.line = line
            return


def _rank(end: End) -> int:
    return _GRAVEST.index(end) if end in _GRAVEST else len(_GRAVEST)
