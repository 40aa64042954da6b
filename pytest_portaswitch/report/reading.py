"""Reading evidence that somebody else may have written."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path
from typing import TypeVar

import msgspec

from pytest_portaswitch.cluster.hosts import MOST as MOST_HOSTS
from pytest_portaswitch.cluster.loader import MOST_SERVICES
from pytest_portaswitch.cluster.waivers import LONGEST
from pytest_portaswitch.cluster.waivers import MOST as MOST_WAIVERS
from pytest_portaswitch.plan.expand import MOST_CHECKS
from pytest_portaswitch.report.evidence import FORMAT, VERSION, Evidence
from pytest_portaswitch.report.files import read_regular
from pytest_portaswitch.source.problem import BadInput, Problem
from pytest_portaswitch.tables.document import MOST_ROWS

Shape = TypeVar("Shape", bound=msgspec.Struct)


_START = 65_536
_YEARS = range(1971, 9999)
"""When an audit may have been: so that a day more or less, and any zone, is a time as well."""
_FACTS = b',\n "hosts":'
"""As ``files.encode`` writes it; inside of a text a line's end is written otherwise."""


class _Header(msgspec.Struct, frozen=True):
    format: str
    version: int


def read_evidence(path: Path) -> Evidence:
    """Read a file of evidence. Raises ``BadInput``, with the place of what is wrong in it."""
    return decode(content_of(path, follow=True), path)


def read_part(path: Path, shape: type[Shape]) -> Shape:
    """Read of a pack's evidence only what the shape has. Raises ``BadInput``."""
    return decode_as(content_of(path), path, shape)


def read_start(path: Path, shape: type[Shape]) -> Shape:
    """Read of a pack's evidence only what stands before its facts, which may be long.

    Raises ``BadInput``.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise _refusal(path, "cannot be read: not a regular file")
        with path.open("rb") as file:
            start, facts, _ = file.read(_START).partition(_FACTS)
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None
    return decode_as(start + b"}", path, shape) if facts else read_part(path, shape)


def decode(content: bytes, path: Path) -> Evidence:
    """Evidence from the bytes of a file. Raises ``BadInput``."""
    return decode_as(content, path, Evidence)


def content_of(path: Path, *, follow: bool = False) -> bytes:
    """The bytes of a file of evidence; ``follow``: also by a link. Raises ``BadInput``."""
    try:
        return read_regular(path, follow=follow)
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None


def decode_as(content: bytes, path: Path, shape: type[Shape]) -> Shape:
    """Of the bytes of a file only what the shape has. Raises ``BadInput``."""
    try:
        header = msgspec.json.decode(content, type=_Header)
        if header.format != FORMAT:
            raise _refusal(path, f"is {header.format!r}, not {FORMAT!r}")
        if header.version != VERSION:
            raise _refusal(
                path,
                f"has version {header.version} of the format; this program reads {VERSION}",
                "use the version of pytest-portaswitch that made it",
            )
        found = msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(path, f"is not evidence: {error}") from None
    _refuse_times(found, path)
    _refuse_sizes(found, path)
    return found


_MOST = {
    "waivers": MOST_WAIVERS,
    "site.waivers": MOST_WAIVERS,
    "site.services": MOST_SERVICES,
    "site.hosts": MOST_HOSTS,
    "site.virtual_ips": MOST_HOSTS,
    "hosts": MOST_HOSTS,
    "tables.rows": MOST_ROWS,
    "tables.services": MOST_ROWS,
    "tables.subcomponents": MOST_ROWS,
    "checks": MOST_CHECKS,
    "causes": MOST_CHECKS,
    "internal_errors": MOST_CHECKS,
}


def _refuse_sizes(found: msgspec.Struct, path: Path) -> None:
    """What no loader lets through would be compared with all the rest for days."""
    problems = []
    for where, most in _MOST.items():
        part: object = found
        for name in where.split("."):
            part = getattr(part, name, ())
        if isinstance(part, (tuple, dict)) and len(part) > most:
            rule = f"has {len(part)} entries, more than {most}"
            problems.append(Problem(str(path), 0, where, "", rule))
    for where, of in (("waivers", found), ("site.waivers", getattr(found, "site", None))):
        for number, waiver in enumerate(getattr(of, "waivers", ())[:MOST_WAIVERS]):
            if len(waiver.check) > LONGEST:
                rule = f"is longer than {LONGEST} characters"
                problems.append(Problem(str(path), 0, f"{where}[{number}].check", "", rule))
    if problems:
        raise BadInput(problems)


def _refuse_times(found: msgspec.Struct, path: Path) -> None:
    """Without a zone nobody can tell how old an audit is, or whether a waiver held; at the ends of
    the calendar none can be told in another zone."""
    since = getattr(found, "since", None)
    for where, part in (("run", getattr(found, "run", None)), ("since.baseline", since)):
        part = getattr(part, "baseline", part)
        for name in ("started", "finished"):
            text = getattr(part, name, None)
            if text is not None and (rule := _is_no_moment(text)):
                raise BadInput([Problem(str(path), 0, f"{where}.{name}", text, rule)])


def _is_no_moment(text: str) -> str:
    """Why a text is no time of an audit; empty: it is one."""
    rule = "must be a time in ISO 8601 with a zone"
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return rule
    if moment.tzinfo is None:
        return rule
    return "" if moment.year in _YEARS else f"must be of the years {_YEARS[0]} to {_YEARS[-1]}"


def _refusal(path: Path, rule: str, fix: str = "") -> BadInput:
    return BadInput([Problem(str(path), 0, "", "", rule, fix)])
