"""Whether the library that reads certificates can be loaded on this machine."""

from __future__ import annotations

from pytest_portaswitch.internal_error import is_fault


def why_unusable() -> str:
    """The type of the exception; empty where it can: OpenSSL's modules may be missing."""
    try:
        import cryptography.x509
    except BaseException as error:
        if not is_fault(error):
            raise
        return type(error).__name__
    del cryptography
    return ""
