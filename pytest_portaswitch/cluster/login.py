"""How to log in: the cluster's ``ssh`` settings, and a host's own laid over them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pytest_portaswitch.cluster import paths, secret, words
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import flag
from pytest_portaswitch.tables.ports import read_port

_KEYS = ("user", "config", "key", "port", "jump", "known_hosts", "sudo", "sudo_password")


def read(value: Value, base: Login, folder: Path) -> Login:
    """The settings of an ``ssh`` mapping over those of ``base``."""
    section = value.section((), _KEYS)
    if section is None:
        return base
    file = paths.file_name(folder)
    return msgspec.structs.replace(
        base,
        user=section.read("user", words.user, base.user),
        config=section.read("config", file, base.config),
        key=section.read("key", file, base.key),
        port=section.read("port", read_port, base.port),
        jump=section.read("jump", words.jump, base.jump),
        known_hosts=section.read("known_hosts", file, base.known_hosts),
        sudo=section.read("sudo", flag, base.sudo),
        sudo_password=section.read("sudo_password", secret.reference(folder), base.sudo_password),
    )
