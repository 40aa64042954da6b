"""What escapes of many languages mean, and where they stood: a host may write a secret in any."""

from __future__ import annotations

import bisect
import functools
import html.entities
import re
import sys
from typing import NamedTuple

# As JSON, URLs, HTML, SQL, shells and logs write what they escape, what was escaped already too.
ESCAPE = re.compile(
    rb"%(?:25)*(?P<percent>[0-9A-Fa-f]{2})"
    rb"|\\+u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\+u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|\\+(?:u(?P<unit>[0-9A-Fa-f]{4})|u\{0*(?P<code>[0-9A-Fa-f]{1,6})\}"
    rb"|U00(?P<long>[0-9A-Fa-f]{6})|x(?P<hex>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2}))"
    rb"|&(?:amp;)*(?:#0*(?P<decimal>[0-9]{1,7})|#[xX]0*(?P<digits>[0-9A-Fa-f]{1,6})"
    rb"|(?P<name>[A-Za-z]{2,8}));"
    rb"|(?P<quotes>(?:\\*['\"])+)|\\+(?P<letter>.)|(?P<blank>\+)",
    re.DOTALL,
)
SIGNS = re.compile(rb"""[%\\&'"+]""")
_LETTERS = dict(zip(b"tnrbf0", b"\t\n\r\b\f\0", strict=True))
_BASES = {"percent": 16, "hex": 16, "octal": 8}
_CODES = {"unit": 16, "code": 16, "long": 16, "digits": 16, "decimal": 10}


ALIKE = bytes.maketrans(b'+"', b" '")


def meaning(found: re.Match[bytes]) -> bytes:
    """What an escape means, as it is searched for: all quotes and all blanks are alike."""
    return _meaning_of(found.lastgroup or "", found[found.lastgroup or 0], found["high"])


@functools.lru_cache(maxsize=4096)
def _meaning_of(kind: str, said: bytes, high: bytes | None) -> bytes:
    if kind in _BASES:
        meant = bytes([int(said, _BASES[kind])])
    elif high is not None:
        meant = bytes.fromhex((high + said).decode()).decode("utf-16-be").encode()
    elif kind in _CODES:
        code = int(said, _CODES[kind])
        meant = chr(code).encode(errors="replace") if code <= sys.maxunicode else said
    elif kind == "name":
        meant = html.entities.html5.get(f"{said.decode()};", said.decode()).encode()
    elif kind == "letter":
        meant = bytes([_LETTERS.get(said[0], said[0])])
    else:
        meant = said[-1:]  # of several quotes one
    return meant.translate(ALIKE)


class Escape(NamedTuple):
    """Where an escape was, and where that stands which it means."""

    meant: int
    meant_end: int
    began: int
    ended: int


def unescaped(data: bytes) -> tuple[bytes, list[Escape]]:
    """What is meant by all of it, and its escapes."""
    parts: list[bytes] = []
    escapes: list[Escape] = []
    at = length = 0
    for found in ESCAPE.finditer(data):
        meant = meaning(found)
        length += found.start() - at
        escapes.append(Escape(length, length + len(meant), found.start(), found.end()))
        parts += [data[at : found.start()], meant]
        length += len(meant)
        at = found.end()
    return b"".join((*parts, data[at:])), escapes


def origin(at: int, escapes: list[Escape], *, end: bool = False) -> int:
    """Where a byte of what is meant began before, or ended."""
    before = bisect.bisect(escapes, at, key=lambda one: one.meant) - 1
    if before < 0:
        return at + end
    escape = escapes[before]
    if at < escape.meant_end:
        return escape.ended if end else escape.began
    return escape.ended + at - escape.meant_end + end
