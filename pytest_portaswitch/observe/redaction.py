"""What this audit sends in secret, struck out of whatever comes back.

A host or a peer may say again what it was told: in an error, a banner, a title, a certificate. This
is for what they repeat, in the usual spellings; a host that wants to give a secret away can, as it
has it. What they say is cut in many places, some of them on hosts, before it comes here: no more
than three characters are left of a secret across a cut.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_origin, get_type_hints

import msgspec

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts import certificates
from pytest_portaswitch.facts.internal_errors import lost, with_internal_error
from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe.escapes import ALIKE, ESCAPE, SIGNS, meaning, origin, unescaped
from pytest_portaswitch.text import Address, Text, clean
from pytest_portaswitch.text.characters import REPLACEMENT
from pytest_portaswitch.text.clean import CUT

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
_CUT = re.compile(CUT.encode() + rb"|[.]{3}(?![.])")
"""How a text says that it was cut: see ``text.clean``, and ``protocols.answer`` for bytes."""
_MOST_CUTS = 4
_LOOSE = tuple(
    re.compile(pattern + rb"\Z")
    for pattern in (
        b"",
        b"[\"']",
        f"(?:{REPLACEMENT})+".encode(),
        rb"\\[^\\]*|%[0-9A-Fa-f]?|&[#\w]*",
    )
)
"""What may stand between a secret and a cut: a quote, a character or an escape that was cut."""
_LONGEST_LOOSE = 12
_LONGEST_PART = 128
"""Bytes of a beginning that is looked up; one that is longer is compared."""
_READ, _LARGEST = 1 << 12, 1 << 15
"""Bytes before a cut that are searched for escapes, and of the longest spelling of a secret."""


class Redaction:
    """The secrets of one run, of all its clusters: a peer may hear of one from another."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: set[str] = set()
        self._bytes: re.Pattern[bytes] | None = None
        self._meant: re.Pattern[bytes] | None = None
        """What finds them as they are, and in what escapes mean."""
        self._begun = _Beginnings()
        self._ended = _Beginnings()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> Secret:
        """Strike this one out from now on; it is returned."""
        value = secret.reveal()
        if value and value not in self._known:
            self._known.add(value)
            spellings = {one for known in self._known for one in _spellings(known)}
            self._bytes = _patterns(spellings)
            meant = {one.translate(ALIKE) for one in spellings}
            meant |= {unescaped(one)[0] for one in spellings}
            self._meant = _patterns(meant)
            self._begun.add(spellings | meant)
            self._ended.add({one[::-1] for one in spellings})
        return secret

    def text(self, words: str) -> str:
        """Return the words without the secrets, and without the beginning of one before a cut."""
        if self._bytes is None:
            return words
        data = words.encode(errors="replace")
        struck = self.content(data)
        if CUT in words or "..." in words:
            for cut in [*_CUT.finditer(struck)][: -_MOST_CUTS - 1 : -1]:
                struck = self._up_to_cut(struck[: cut.start()]) + struck[cut.start() :]
        return words if struck == data else struck.decode(errors="replace")

    def rest(self, words: str) -> str:
        """The same for words whose beginning was cut off: without the end of a secret there."""
        data = words.lstrip(REPLACEMENT).encode(errors="replace")
        length = self._ended.at_end(data[:_LARGEST][::-1])
        return self.text(f"{STRUCK}{data[length:].decode(errors='replace')}" if length else words)

    def content(self, data: bytes) -> bytes:
        """Return the bytes without the secrets that are whole: the rest of one may follow."""
        if self._bytes is None or self._meant is None:
            return data
        data = self._bytes.sub(STRUCK.encode(), data)
        # Most texts have no escapes, and most escapes hide no secret.
        if not SIGNS.search(data) or not self._meant.search(ESCAPE.sub(meaning, data)):
            return data
        meant, escapes = unescaped(data)
        kept, at = [], 0
        for found in self._meant.finditer(meant):
            began, last = origin(found.start(), escapes), found.end() - 1
            kept += [data[at:began], STRUCK.encode()]
            at = origin(last, escapes, end=True)
        return b"".join((*kept, data[at:]))

    def _received(self, data: bytes, *, more: bool = False) -> bytes:
        """All that came, cut or not; ``more``: behind something else."""
        data = self.content(data)
        if more and (length := self._ended.at_end(data[:_LARGEST][::-1])):
            data = STRUCK.encode() + data[length:]
        return self._up_to_cut(data)

    def _up_to_cut(self, data: bytes) -> bytes:
        """The bytes, behind which more was cut off, without the beginning of a secret there."""
        for loose in _LOOSE:
            behind = loose.search(data[-_LONGEST_LOOSE:])
            end = len(data) - len(behind[0]) if behind else len(data)
            began = self._began(data[:end])
            if began < end:
                return data[:began] + STRUCK.encode() + data[end:]
        return data

    def _began(self, data: bytes) -> int:
        """Where the beginning of a secret begins that ends the bytes; their end: there is none."""
        if length := self._begun.at_end(data):
            return len(data) - length
        last = data[-_READ:]
        if SIGNS.search(last):
            meant, escapes = unescaped(last)
            if length := self._begun.at_end(meant):
                return len(data) - len(last) + origin(len(meant) - length, escapes)
        return len(data)

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
            return self._received(value)
        if isinstance(value, tuple):
            if value and isinstance(value[0], bytes):
                # Each goes on where the one before it was cut.
                return (
                    self._received(value[0]),
                    *(self._received(v, more=True) for v in value[1:]),
                )
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


class _Beginnings:
    """What a cut may leave of some spellings."""

    def __init__(self) -> None:
        self._parts: set[bytes] = set()
        self._ends: set[bytes] = set()
        self._long: dict[bytes, set[bytes]] = {}

    def add(self, spellings: Iterable[bytes]) -> None:
        """Know these as well."""
        for one in spellings:
            longest = min(len(one) - 1, _LONGEST_PART)
            self._parts |= {one[:length] for length in range(_SHORTEST, longest + 1)}
            if len(one) > _LONGEST_PART + 1:
                self._long.setdefault(one[:_LONGEST_PART], set()).add(one)
        self._ends = {part[-_SHORTEST:] for part in self._parts}

    def at_end(self, data: bytes) -> int:
        """How many bytes at the end of the data are the beginning of a spelling."""
        for head, spellings in self._long.items():
            at = data.find(head, max(0, len(data) - _LARGEST))
            if at >= 0 and any(one.startswith(data[at:]) for one in spellings):
                return len(data) - at
        if data[-_SHORTEST:] in self._ends:
            for length in range(min(len(data), _LONGEST_PART), _SHORTEST - 1, -1):
                if data[-length:] in self._parts:
                    return length
        return 0


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
