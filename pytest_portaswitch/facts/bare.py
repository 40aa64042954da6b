"""Python without its comforts, for the program that is sent to hosts.

``socket`` and ``signal`` make enumerations of their constants, ``json`` and ``base64`` load regular
expressions. Many hosts need none of that, and loading it takes as long as all that is done with
their sockets and processes. What some Python lacks in this form is taken as it is documented.

Python 3.6, standard library.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from collections.abc import Callable
    from hashlib import sha256
    from typing import Any
else:
    # OpenSSL, which ``hashlib`` loads, is large.
    try:
        from _sha256 import sha256  # up to 3.11
    except ImportError:
        try:
            from _sha2 import sha256
        except ImportError:
            from hashlib import sha256
    try:
        import _signal as signal
        import _socket as socket
    except ImportError:
        import signal
        import socket

__all__ = ["decoded", "encoded", "sha256", "signal", "socket"]


class _Reading:
    """How JSON is read."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def _unknown(value: "Any") -> "Any":
    raise TypeError(f"{type(value).__name__} is nothing that JSON knows")


def _json() -> "tuple[Callable[[Any], str], Callable[[str], Any]]":
    try:
        import _json

        ascii_only: Any = _json.encode_basestring_ascii
        reading: Any = _Reading
        scan = _json.make_scanner(reading)
        pieces = _json.make_encoder(
            None, _unknown, ascii_only, None, ": ", ", ", False, False, True
        )
    except (ImportError, TypeError, AttributeError):
        import json

        return json.dumps, json.loads
    return lambda value: "".join(pieces(value, 0)), lambda text: scan(text, 0)[0]


encoded, decoded = _json()
"""A value as JSON in ASCII; the value of a JSON text."""
