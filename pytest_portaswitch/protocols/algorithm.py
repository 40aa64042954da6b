"""Whether this machine has the algorithms that old protocols need.

OpenSSL in FIPS mode refuses MD5, and a policy may refuse SHA-1; Python then raises ``ValueError``
wherever one is used. A Python may also be built without them.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

Algorithm = Literal["md5", "sha1", "sha256"]

_NAMES: dict[Algorithm, str] = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}


class AlgorithmRefused(Exception):
    """This machine refuses an algorithm. The text says which one, and for what."""

    def __init__(self, algorithm: Algorithm, protocol: str) -> None:
        self.algorithm = _NAMES[algorithm]
        super().__init__(
            f"this machine refuses {self.algorithm}, which {protocol} needs (is it in FIPS mode?); "
            "run the audit on one that has it"
        )


def demand(algorithm: Algorithm, protocol: str) -> None:
    """Raise ``AlgorithmRefused`` where it cannot be used here."""
    try:
        getattr(hashlib, algorithm)(b"")
        hmac.new(b"key", b"", algorithm)
    except (ValueError, TypeError, AttributeError):
        raise AlgorithmRefused(algorithm, protocol) from None
