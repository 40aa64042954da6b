"""What ssh is told, beyond what the user's own ssh configuration says."""

from __future__ import annotations

import math

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe.request import Limits

# A jump host is reached by a second ssh that none of these reaches: it follows the user's
# configuration alone, and only its standard input, its lack of a terminal and the deadline of
# the whole trip bound it.
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


def options(login: Login, limits: Limits, *, remarks: bool) -> tuple[str, ...]:
    """Return the command-line options for one login, each a word of its own.

    With ``remarks``, ssh says on standard error when it is logged in, so that a host that hangs
    before the login can be told from one that hangs after it. Otherwise it only says what fails.
    """
    settings = [
        *_SAFE,
        f"ConnectTimeout={max(1, math.ceil(limits.connect_timeout))}",
        f"LogLevel={'VERBOSE' if remarks else 'ERROR'}",
    ]
    if login.user:
        settings.append(f"User={login.user}")
    if login.port is not None:
        settings.append(f"Port={login.port}")
    if login.known_hosts is not None:
        settings.append(f"UserKnownHostsFile={_path(str(login.known_hosts.expanduser()))}")
    if login.key is not None:
        settings.append("IdentitiesOnly=yes")
    words = [word for setting in settings for word in ("-o", setting)]
    if login.jump:
        # The ssh of the jump host inherits -v and nothing else; without it there is no telling
        # which of several hops failed. Before it, LogLevel would win.
        words = [*(["-v"] if remarks else []), *words, "-J", login.jump]
    return tuple(words)


def _path(path: str) -> str:
    """Write a path as an ssh option takes it: one quoted word without ``%`` expansions."""
    return '"' + path.replace("%", "%%") + '"'
