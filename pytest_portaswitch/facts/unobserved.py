"""The reasons for which there are no facts of a host."""

from __future__ import annotations

from typing import Literal

WhyUnobserved = Literal[
    "name-not-resolved",
    "connection-refused",
    "connection-timeout",
    "no-route",
    "host-key-changed",
    "host-key-unknown",
    "host-certificate-invalid",
    "no-common-algorithm",
    "not-ssh",
    "closed-before-login",
    "key-unusable",
    "authentication-failed",
    "login-denied",
    "no-session",
    "jump-failed",
    "hung-before-login",
    "hung-after-login",
    "sudo-refused",
    "no-shell",
    "program-died",
    "output-unparsable",
    "output-too-large",
    "client-failed",
    "not-observed",
    "internal-error",
]
"""Why there are no facts of a host. ``not-observed``: the run ended before its turn.
``client-failed``: ssh, or what stands in for it, could not do its part on this machine.
``not-ssh``: something else answers on ssh's port. ``connection-refused``: nothing listens, or sshd
closes the connection before it names its version, as a busy one does. ``closed-before-login``: it
is closed later than that. ``key-unusable``: ssh has no key that it can use here. ``login-denied``:
the host takes the key and refuses the login (nologin, an expired account, a rule of PAM).
``no-session``: the login succeeds and sshd runs no command."""
