"""What this audit sends in secret, struck out of whatever comes back.

A host or a peer may say again what it was told: in an error, a banner, a title, a certificate. This
is for what they repeat, in the usual spellings; a host that wants to give a secret away can, as it
has it.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import shlex
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_origin, get_type_hints

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
        self._texts: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> Secret:
        """Strike this one out from now on; it is returned."""
        value = secret.reveal()
        if value and value not in self._known:
            self._known.add(value)
            self._texts = re.compile("|".join(_patterns(self._known)))
            self._bytes = re.compile(b"|".join(one.encode() for one in _patterns(self._known)))
        return secret

    def text(self, words: str) -> str:
        """Return the words without the secrets."""
        return self._texts.sub(STRUCK, words) if self._texts else words

    def content(self, data: bytes) -> bytes:
        """The same for bytes."""
        return self._bytes.sub(STRUCK.encode(), data) if self._bytes else data

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


def _patterns(values: Iterable[str]) -> list[str]:
    """Regular expressions for all spellings, the longest first."""
    spellings = {one: None for value in values for one in _spellings(value)}
    return [
        re.escape(one)
        if len(one) >= _SHORTEST
        else rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])"
        for one in sorted(spellings, key=lambda one: (-len(one), one))
    ]


def _spellings(value: str) -> Iterator[str]:
    data = value.encode()
    digits = [f"{byte:02x}" for byte in data]
    coded = [urllib.parse.quote(value, safe=safe) for safe in ("", "/", "/:@!$&'()*+,;=")]
    coded += [urllib.parse.quote_plus(value), "".join(f"%{byte}" for byte in digits)]
    escaped = [json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]]
    quoted = [
        *escaped,
        *(one.replace("/", r"\/") for one in escaped),
        repr(value)[1:-1],
        html.escape(value),
        html.escape(value, quote=False),
        html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        value.replace("'", "'\\''"),
        value.replace("'", "''"),
        shlex.quote(value).removeprefix("'").removesuffix("'"),
        re.sub(r'(["\\$`])', r"\\\1", value),
        re.sub(r"([^\w@%+=:,./-])", r"\\\1", value),
        "".join(f"\\x{byte}" for byte in digits),
    ]
    yield from (value, clean(value, len(value)), *quoted)
    # What is too short could be anything.
    for one in (*_based(data), *coded, *(mark.join(digits) for mark in ("", ":", " ", "-"))):
        if len(one) >= _SHORTEST + 1:
            yield from (one, re.sub("%..|^[0-9a-f: -]+$", lambda part: part[0].upper(), one))
            yield re.sub("%..", lambda part: part[0].lower(), one)


def _based(data: bytes) -> Iterator[str]:
    """In base64, wherever it stands among other bytes: the digits that are its own alone."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        for alphabet in (b"+/", b"-_"):
            yield base64.b64encode(bytes(before) + data, alphabet).decode()[first:last]
