"""The environment of the commands that reach hosts."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pytest_portaswitch.cluster.model import SecretRef

# They would have somebody asked for a password in a window of their own: the ssh of a jump host
# does not know that nobody is to be asked.
_ASKING = ("DISPLAY", "WAYLAND_DISPLAY", "SSH_ASKPASS")


def environment(secrets: Iterable[SecretRef]) -> dict[str, str]:
    """Return our own environment without the secrets, and in the language that we understand."""
    dropped = {*_ASKING, *(ref.env for ref in secrets)}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
