"""Secrets, read where they are kept, just before use, and shown to nobody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pytest_portaswitch.cluster.model import SecretRef

_LONGEST = 4096


class SecretUnread(Exception):
    """A secret that could not be read. The message names the place, never the value."""


class Secret:
    """A value that does not show in representations, logs or the locals of tracebacks."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<secret>"

    def line(self) -> bytes:
        """Return the value as one line of input. Do not keep it in a variable."""
        return self._value.encode() + b"\n"


ReadSecret = Callable[[SecretRef], Secret]
"""Raises ``SecretUnread``."""


def read_secret(ref: SecretRef) -> Secret:
    """Read a secret from its environment variable or from the first line of its file.

    Raises ``SecretUnread``.
    """
    if ref.env:
        if not os.environ.get(ref.env):
            raise SecretUnread(f"the environment variable {ref.env} is not set")
        place, secret = f"the environment variable {ref.env}", Secret(os.environ[ref.env])
    else:
        place = f"the file {ref.file}"
        try:
            with Path(ref.file).expanduser().open(encoding="utf-8") as file:
                secret = Secret(file.read(_LONGEST).rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            # The error itself may hold bytes of the file.
            raise SecretUnread(f"{place} cannot be read: {reason}") from None
    if not secret.line().strip():
        raise SecretUnread(f"{place} is empty")
    if secret.line().count(b"\n") > 1:
        raise SecretUnread(f"{place} holds more than one line")
    return secret
