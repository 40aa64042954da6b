"""What ssh is told, beyond what the user's own ssh configuration says."""

from __future__ import annotations

import base64
import math
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from pytest_portaswitch.cluster.by_hand import login_path
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe.ending import Ending, KeyTrouble
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.observe.ssh_config import config_of

# A jump host is reached by a second ssh that few of these reach (see ``_carrier``): it follows the
# user's configuration, and its standard input and the deadline of the whole trip bound it.
_SAFE = (
    # Ask nobody anything.
    "BatchMode=yes",
    "NumberOfPasswordPrompts=0",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "AddKeysToAgent=no",
    # Leave no master behind, and use none that somebody else may close.
    "ControlMaster=no",
    "ControlPath=none",
    # Carry nothing but the conversation.
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    # Try once, and notice a connection that died under way.
    "ConnectionAttempts=1",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
)


# Options that the ssh of this machine turned out not to know.
_UNKNOWN: set[str] = set()
_MAY_BE_UNKNOWN = {"remotecommand": "RemoteCommand=none"}
"""Of OpenSSH 7.6; without it, a RemoteCommand of the ssh config cannot be overruled."""


def is_older_than_thought(ending: Ending) -> bool:
    """Whether ssh ended because it is too old for an option; that one is left out from then on."""
    pattern = r"command-line: line \d+: Bad configuration option: (\w+)\r?\n"
    found = re.match(pattern, ending.stderr)
    if ending.client != "ssh" or ending.log or not found:
        return False  # where there is a log, a host may have spoken
    if found[1].lower() not in _MAY_BE_UNKNOWN:
        return False
    _UNKNOWN.add(_MAY_BE_UNKNOWN[found[1].lower()])
    return True


def options(login: Login, limits: Limits, *, remarks: bool) -> tuple[str, ...]:
    """Return the command-line options for one login, each a word of its own.

    With ``remarks``, ssh logs how far it comes, and shows the host's banner. Otherwise it logs only
    what fails.
    """
    settings = [
        *(setting for setting in _SAFE if setting not in _UNKNOWN),
        f"ConnectTimeout={max(1, math.ceil(limits.connect_timeout))}",
        f"LogLevel={_level(remarks)}",
    ]
    if login.user:
        settings.append(f"User={login.user}")
    if login.port is not None:
        settings.append(f"Port={login.port}")
    if login.known_hosts is not None:
        settings.append(f"UserKnownHostsFile={login_path(login.known_hosts)}")
    if login.key is not None:
        settings.append("IdentitiesOnly=yes")
    return tuple(word for setting in settings for word in ("-o", setting))


def logging(
    command: Sequence[str], jump: str, logs: Sequence[str], *, remarks: bool
) -> tuple[str, ...]:
    """Return an ssh command line that logs to files, and goes through the jump hosts ``jump``.

    ``logs``: a path for each jump host, and the last one for ssh itself. ssh writes a banner, and
    what the host says, to standard error; its own words go to the file alone.
    """
    words = [command[0], "-E", logs[-1]]
    if jump:
        carrier = _carrier(jump.split(","), logs, config_of(command), _level(remarks))
        words += ["-o", "ProxyUseFdpass=no", "-o", f"ProxyCommand={carrier}"]
    return (*words, *command[1:])


def _carrier(jumps: Sequence[str], logs: Sequence[str], config: str, level: str) -> str:
    """Return the command that brings a connection through jump hosts, as ``-J`` would.

    ``-J`` would have all these write to the standard error of ssh itself, banners among it.
    """
    *before, jump = jumps
    user, _, place = jump.rpartition("@")
    name, _, port = place.rpartition("]:") if "]:" in place else place.partition(":")
    if place.endswith("]"):
        name, port = place, ""
    words = ["ssh", "-E", logs[len(before)], "-o", f"LogLevel={level}", "-o", "BatchMode=yes"]
    if before:
        inner = _carrier(before, logs, config, level)
        words += ["-o", "ProxyUseFdpass=no", "-o", f"ProxyCommand={inner}"]
    words += ["-F", config] if config else []
    words += ["-l", user] if user else []
    words += ["-p", port] if port else []
    # ssh expands the command once: what is not for it, the command within included, is doubled.
    literal = shlex.join(words).replace("%", "%%")
    return f"{literal} -W '[%h]:%p' {shlex.quote(name.strip('[]'))}"


def known_as(login: Login) -> str:
    """Return the name by which known_hosts has a host, by what the cluster file says of it."""
    if login.port in (None, 22):
        return login.address
    return f"[{login.address}]:{login.port}"


def key_trouble(login: Login) -> KeyTrouble:
    """Return what is amiss with the key file of a login, as far as reading it shows."""
    if login.key is None:
        return ""
    try:
        with Path(login.key).open("rb") as file:
            head = file.read(4096)
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        return "open"
    return "encrypted" if _is_encrypted(head) else ""


def _is_encrypted(head: bytes) -> bool:
    if b"ENCRYPTED" in head:
        return True
    begin, _, body = head.partition(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    if begin or not body:
        return False
    try:
        start = base64.b64decode(b"".join(body.split())[:64])
    except ValueError:
        return False
    # PROTOCOL.key of OpenSSH: the magic, and then the length and the name of the cipher.
    return start.startswith(b"openssh-key-v1\0") and start[19:23] != b"none"


def _level(remarks: bool) -> str:
    return "DEBUG1" if remarks else "ERROR"
