"""One host to look at."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pytest_portaswitch.cluster.model import Login, SecretRef
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.observe.redaction import Redaction
from pytest_portaswitch.observe.request import Request
from pytest_portaswitch.protocols.dialogue import Dialogue

ReadSecret = Callable[[SecretRef], Secret]
"""Raises ``BadInput``, which never holds the value."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a host, and what to ask it."""

    login: Login
    request: Request
    cluster: str = ""
    """Only hosts of one cluster have to do with each other."""
    dialogue: Callable[[str], Dialogue] | None = None
    """Begins the conversation of a key of ``request.relays``; needed where there are any."""

    redaction: Redaction = msgspec.field(default_factory=Redaction)
    """What must not come back."""

    @property
    def door(self) -> tuple[str, str]:
        """The first sshd that a login knocks at: that of the first jump host, or the host's own.

        It limits how many may stand before it at once (``MaxStartups``).
        """
        if self.login.jump:
            return ("jump", self.login.jump.split(",")[0])
        return (self.login.connection, f"{self.login.address} {self.login.port}")
