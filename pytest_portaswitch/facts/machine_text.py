"""Which machine it is, from what the shell fallback prints of it."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Sequence

from pytest_portaswitch.facts import clean
from pytest_portaswitch.facts.model import Machine


def machine(lines: Sequence[str], uptime: float | None) -> tuple[Machine | None, int]:
    """The machine, None where nothing is said of it, and how many lines could not be read.

    Each line is ``id DIGEST``, ``instance DIGEST`` or ``key TYPE BLOB``.
    """
    found: dict[str, str] = {}
    keys: set[str] = set()
    bad = 0
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in ("id", "instance"):
            found.setdefault(word, rest)
            continue
        try:
            blob = binascii.a2b_base64(rest.split()[1])
        except (ValueError, IndexError):
            bad += 1
            continue
        digest = binascii.b2a_base64(hashlib.sha256(blob).digest(), newline=False)
        keys.add(f"SHA256:{digest.decode('ascii').rstrip('=')}")
    if not lines:
        return None, 0
    shown = Machine(
        id=clean.text(found.get("id", "")),
        instance=clean.text(found.get("instance", "")),
        uptime=uptime,
        host_keys=tuple(clean.text(key) for key in sorted(keys)),
    )
    return shown, bad
