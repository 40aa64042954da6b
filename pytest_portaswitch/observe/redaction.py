"""What this audit sends in secret, struck out of whatever comes back.

A host or a peer may say again what it was told: in an error, a banner, a title, a certificate. This
is for what they repeat, in the usual spellings; a host that wants to give a secret away can, as it
has it.
"""

from __future__ import annotations

import base64
import bisect
import functools
import html.entities
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, get_origin, get_type_hints

import msgspec

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts import certificates
from pytest_portaswitch.facts.internal_errors import lost, with_internal_error
from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.text import Address, Text, clean

STRUCK = "***"

_SHORTEST = 4
"""Characters of what is struck out within a longer word; what is shorter, where it stands alone."""
_OURS = frozenset(
    {
        "Arrival.watcher",
        "Database.key",
        "Handshake.chain",
        "HostFacts.certificates",
        "HostFacts.host",
        "HostFacts.patterns",
        "Interface.addresses",
        "ProbeResult.key",
        "Process.state",
        "Unobserved.host",
    }
)
"""Fields that hold names of the plan, or that were checked to be addresses, sums or one letter. All
others are struck, those that are added later included; certificates are looked at as a whole."""

_ZONE = re.compile("%[^/]*")


class Redaction:
    """The secrets of one run, of all its clusters: a peer may hear of one from another."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: set[str] = set()
        self._bytes: re.Pattern[bytes] | None = None
        self._meant: re.Pattern[bytes] | None = None
        """What finds them as they are, and in what escapes mean."""
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> Secret:
        """Strike this one out from now on; it is returned."""
        value = secret.reveal()
        if value and value not in self._known:
            self._known.add(value)
            spellings = {one for known in self._known for one in _spellings(known)}
            self._bytes = _patterns(spellings)
            meant = {one.translate(_ALIKE) for one in spellings}
            self._meant = _patterns(meant | {_unescaped(one)[0] for one in spellings})
        return secret

    def text(self, words: str) -> str:
        """Return the words without the secrets."""
        if self._bytes is None:
            return words
        data = words.encode(errors="replace")
        struck = self.content(data)
        return words if struck == data else struck.decode(errors="replace")

    def content(self, data: bytes) -> bytes:
        """The same for bytes."""
        if self._bytes is None or self._meant is None:
            return data
        data = self._bytes.sub(STRUCK.encode(), data)
        # Most texts have no escapes, and most escapes hide no secret.
        if not _SIGNS.search(data) or not self._meant.search(_ESCAPE.sub(_meaning, data)):
            return data
        meant, escapes = _unescaped(data)
        kept, at = [], 0
        for found in self._meant.finditer(meant):
            began, last = _origin(found.start(), escapes), found.end() - 1
            kept += [data[at:began], STRUCK.encode()]
            at = _origin(last, escapes, end=True)
        return b"".join((*kept, data[at:]))

    def observation(self, seen: Observation) -> Observation:
        """The same for all that was seen of a host. A certificate that holds one is left out."""
        if self._bytes is None:
            return seen
        if isinstance(seen, HostFacts):
            kept = {
                name: content
                for name, content in seen.certificates.items()
                if not self._bytes.search(content)
            }
            seen = msgspec.structs.replace(seen, certificates=kept)
        struck: Observation = self._struck(seen)
        return struck

    def kept(self, seen: Observation, others: Iterable[Observation] = ()) -> Observation:
        """The same, without the certificates that others have brought.

        Where that fails, the host is lost: what it says may hold a secret.
        """
        found = attempt("host-reply", seen.host, self.observation, seen)
        if not isinstance(found, InternalError):
            found = attempt("host-reply", seen.host, certificates.without_known, found, others)
        if not isinstance(found, InternalError):
            return found
        return with_internal_error(lost(seen.host, found, seen.took), *seen.internal_errors)

    def _struck(self, value: Any) -> Any:
        if isinstance(value, str):
            return Text(self.text(value))
        if isinstance(value, bytes):
            return self.content(value)
        if isinstance(value, tuple):
            return tuple(map(self._struck, value))
        if isinstance(value, dict):
            return {name: self._struck(one) for name, one in value.items()}
        if isinstance(value, msgspec.Struct):
            before = {name: getattr(value, name) for name in _outside(type(value))}
            after = {name: self._struck(one) for name, one in before.items()}
            for name in _addresses(type(value)):
                before[name] = getattr(value, name)
                after[name] = self._without_zone(before[name])
            # Most of what a host says stays as it is.
            return value if after == before else msgspec.structs.replace(value, **after)
        return value

    def _without_zone(self, value: Any) -> Any:
        """Of an address a host chooses the zone alone: ``fe80::1%ZONE/64``."""
        if isinstance(value, tuple):
            return tuple(map(self._without_zone, value))
        return _ZONE.sub("", value) if "%" in value and self.text(value) != value else value


@functools.cache
def _addresses(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields that hold addresses."""
    hints = get_type_hints(kind)
    held = (Address, tuple[Address, ...])
    return tuple(name for name in kind.__struct_fields__ if hints[name] in held)


@functools.cache
def _outside(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields that may hold text from outside."""
    hints = get_type_hints(kind)
    return tuple(
        name
        for name in kind.__struct_fields__
        if f"{kind.__name__}.{name}" not in _OURS
        and hints[name] is not Address
        and get_origin(hints[name]) is not Literal
    )


def _patterns(values: Iterable[bytes]) -> re.Pattern[bytes]:
    """What finds each of them, the longest first."""
    ordered = sorted(set(values), key=lambda one: (-len(one), one))
    return re.compile(b"|".join(map(_pattern, ordered)))


def _pattern(value: bytes) -> bytes:
    spelled = re.escape(value)
    if len(value.decode()) >= _SHORTEST:
        return spelled
    return rb"(?<![A-Za-z0-9])%b(?![A-Za-z0-9])" % spelled


def _spellings(value: str) -> Iterator[bytes]:
    data = value.encode()
    yield from (data, clean(value, len(value)).encode())
    digits = [f"{byte:02x}" for byte in data]
    hexadecimal = [mark.join(digits) for mark in ("", ":", " ", "-")]
    # What is too short could be anything.
    for one in (*_based(data), *hexadecimal, *map(str.upper, hexadecimal)):
        if len(one) > _SHORTEST:
            yield one.encode()


def _based(data: bytes) -> Iterator[str]:
    """In base64, wherever it stands among other bytes: the digits that are its own alone."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        for alphabet in (b"+/", b"-_"):
            yield base64.b64encode(bytes(before) + data, alphabet).decode()[first:last]


# As JSON, URLs, HTML, SQL, shells and logs write what they escape, what was escaped already too.
_ESCAPE = re.compile(
    rb"%(?:25)*(?P<percent>[0-9A-Fa-f]{2})"
    rb"|\\+u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\+u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|\\+(?:u(?P<unit>[0-9A-Fa-f]{4})|u\{0*(?P<code>[0-9A-Fa-f]{1,6})\}"
    rb"|U00(?P<long>[0-9A-Fa-f]{6})|x(?P<hex>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2}))"
    rb"|&(?:amp;)*(?:#0*(?P<decimal>[0-9]{1,7})|#[xX]0*(?P<digits>[0-9A-Fa-f]{1,6})"
    rb"|(?P<name>[A-Za-z]{2,8}));"
    rb"|(?P<quotes>(?:\\*['\"])+)|\\+(?P<letter>.)|(?P<blank>\+)",
    re.DOTALL,
)
_SIGNS = re.compile(rb"""[%\\&'"+]""")
_LETTERS = dict(zip(b"tnrbf0", b"\t\n\r\b\f\0", strict=True))
_BASES = {"percent": 16, "hex": 16, "octal": 8}
_CODES = {"unit": 16, "code": 16, "long": 16, "digits": 16, "decimal": 10}


_ALIKE = bytes.maketrans(b'+"', b" '")


def _meaning(found: re.Match[bytes]) -> bytes:
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
    return meant.translate(_ALIKE)


class _Escape(NamedTuple):
    """Where an escape was, and where that stands which it means."""

    meant: int
    meant_end: int
    began: int
    ended: int


def _unescaped(data: bytes) -> tuple[bytes, list[_Escape]]:
    """What is meant by all of it, and its escapes."""
    parts: list[bytes] = []
    escapes: list[_Escape] = []
    at = length = 0
    for found in _ESCAPE.finditer(data):
        meaning = _meaning(found)
        length += found.start() - at
        escapes.append(_Escape(length, length + len(meaning), found.start(), found.end()))
        parts += [data[at : found.start()], meaning]
        length += len(meaning)
        at = found.end()
    return b"".join((*parts, data[at:])), escapes


def _origin(at: int, escapes: list[_Escape], *, end: bool = False) -> int:
    """Where a byte of what is meant began before, or ended."""
    before = bisect.bisect(escapes, at, key=lambda one: one.meant) - 1
    if before < 0:
        return at + end
    escape = escapes[before]
    if at < escape.meant_end:
        return escape.ended if end else escape.began
    return escape.ended + at - escape.meant_end + end
