"""Where the packs of a folder of reports lie.

``DIR/CLUSTER`` holds the last whole audit, ``DIR/_partial/CLUSTER`` the last run of a part, and
``DIR/_history/CLUSTER/TIME`` each earlier one. No cluster's name begins with an underscore.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import msgspec

PARTIAL = "_partial"
HISTORY = "_history"

MOST = 1000
"""Earlier audits of a kind that are kept, however young."""

_ENTRY = re.compile(
    r"(?P<moment>\d{4}-\d\d-\d\dT\d{6}Z)(?P<partial>-partial)?(-(?P<number>[1-9]\d{0,5}))?",
    re.ASCII,
)
_MOMENT = "%Y-%m-%dT%H%M%SZ"


def folder_of(audit_dir: Path, cluster: str, *, whole: bool) -> Path:
    """Where the last audit of a cluster lies."""
    return audit_dir / cluster if whole else audit_dir / PARTIAL / cluster


def history_of(audit_dir: Path, cluster: str) -> Path:
    """The folder of a cluster's earlier audits."""
    return audit_dir / HISTORY / cluster


def entry_name(started: datetime.datetime, *, whole: bool) -> str:
    """The name of an earlier audit's folder. A second one of that second gets ``-2`` and so on."""
    moment = started.astimezone(datetime.timezone.utc)
    return f"{moment:{_MOMENT}}{'' if whole else '-partial'}"


class Entry(msgspec.Struct, frozen=True):
    """An earlier audit."""

    folder: Path
    moment: datetime.datetime
    """When it began, by the folder's name."""
    whole: bool


def entries(history: Path) -> tuple[Entry, ...]:
    """The earlier audits in a folder, the newest first; other names are passed over."""
    found: list[tuple[datetime.datetime, int, Entry]] = []
    for path in _folders(history):
        match = _ENTRY.fullmatch(path.name)
        if not match:
            continue
        try:
            naive = datetime.datetime.strptime(match["moment"], _MOMENT)
        except ValueError:
            continue
        moment = naive.replace(tzinfo=datetime.timezone.utc)
        entry = Entry(path, moment, not match["partial"])
        found.append((moment, int(match["number"] or 1), entry))
    return tuple(entry for *_, entry in sorted(found, key=lambda one: one[:2], reverse=True))


def _folders(above: Path) -> list[Path]:
    try:
        return [path for path in above.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


class Keep(msgspec.Struct, frozen=True):
    """How many earlier audits of a cluster are kept: so many whole ones, and so many others."""

    number: int = MOST
    days: float | None = None
    """Those that began within so many days; None: however old."""


DEFAULT = Keep(number=10)
