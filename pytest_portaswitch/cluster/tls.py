"""The ``tls`` of a cluster file: whose certificates are expected, and whom to trust."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path

from pytest_portaswitch.cluster import paths, words
from pytest_portaswitch.cluster.model import Tls, TlsName
from pytest_portaswitch.source import BadInput, Problem, Value, closest
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.source.scalar import integer
from pytest_portaswitch.source.tree import Mapping
from pytest_portaswitch.tables.row import Tables

MOST_AUTHORITIES = 32
"""Every check of a certificate carries them, so that it can be judged again from the evidence."""

_LARGEST = 1 << 20


def read(value: Value, places: Collection[str], tables: Tables | None, folder: Path) -> Tls:
    """``{names: {SUBCOMPONENT: NAME or {PLACE: NAME}}, authorities: FILE, warn_days: N}``."""
    section = value.section((), ("names", "authorities", "warn_days"))
    if section is None:
        return Tls()
    names = section.get("names")
    file = section.get("authorities")
    return Tls(
        names=_names(names, places, tables) if names else (),
        authorities=_authorities(file, folder) if file else (),
        warn_days=section.read("warn_days", integer(0, 3650), Tls().warn_days),
    )


def bundle(path: Path) -> tuple[str, ...]:
    """The certificates of a file of authorities, each in PEM form. Raises ``BadInput``."""
    found = _certificates(path)
    if isinstance(found, str):
        raise BadInput([Problem(str(path), 0, "", "", found, _ADVICE.get(found, ""))])
    return found


def _names(value: Value, places: Collection[str], tables: Tables | None) -> tuple[TlsName, ...]:
    found: list[TlsName] = []
    for subcomponent, entry in (value.entries("a mapping of subcomponents") or {}).items():
        if tables is not None and subcomponent not in tables.subcomponents:
            fix = closest(subcomponent, tables.subcomponents)
            value.refuse_key(subcomponent, "is not a subcomponent of the tables", fix)
        if not isinstance(entry.node, Mapping):
            line = value.key_line(subcomponent)
            name = words.host_name(entry) or ""
            found.append(TlsName(subcomponent=subcomponent, name=name, line=line))
            continue
        for place, one in (entry.entries() or {}).items():
            if place not in places:
                what = "is not a host or virtual IP of this file"
                entry.refuse_key(place, what, closest(place, places))
            name = words.host_name(one) or ""
            line = entry.key_line(place)
            found.append(TlsName(subcomponent=subcomponent, place=place, name=name, line=line))
    return tuple(found)


def _authorities(value: Value, folder: Path) -> tuple[str, ...]:
    path = paths.existing(folder)(value)
    found = _certificates(path) if path else ()
    if isinstance(found, str):
        value.refuse(found, _ADVICE.get(found, ""))
        return ()
    return found


_NO_LIBRARY = "cannot be read: the library cryptography cannot be loaded on this machine"
_NONE = "holds no certificate in PEM form"
_MANY = f"holds more than {MOST_AUTHORITIES} certificates"
_LARGE = f"is longer than {_LARGEST} bytes"
_OWN = "give the authorities that issue for this cluster, not all that a system trusts"
_ADVICE = {
    _NONE: "a file of authorities has -----BEGIN CERTIFICATE----- in it",
    _MANY: _OWN,
    _LARGE: _OWN,
}


def _certificates(path: Path) -> tuple[str, ...] | str:
    """The certificates of a file, or what is wrong with it."""
    try:
        data = read_regular(path, _LARGEST + 1)
    except (OSError, ValueError) as error:
        return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
    if len(data) > _LARGEST:
        return _LARGE
    # Most runs have no authorities, and need not wait for this library.
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding
    except ImportError:
        return _NO_LIBRARY

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what an authority did wrong long ago
        try:
            found = x509.load_pem_x509_certificates(data)
        except (ValueError, TypeError):
            return _NONE
    if len(found) > MOST_AUTHORITIES:
        return _MANY
    # Written anew: whatever else the file holds goes nowhere.
    return tuple(one.public_bytes(Encoding.PEM).decode() for one in found)
