"""Earlier audits of a cluster: kept for a while, never at the cost of one that is needed."""

from __future__ import annotations

import datetime
import errno
import hashlib
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from pytest_portaswitch.pack.names import ALL, EVIDENCE
from pytest_portaswitch.pack.publish import leftovers
from pytest_portaswitch.report.files import make_private_folder, read_regular
from pytest_portaswitch.report.fleet import SummaryRun, read_head
from pytest_portaswitch.report.layout import Entry, Keep, entries, entry_name, folder_of, history_of
from pytest_portaswitch.report.reading import read_part
from pytest_portaswitch.source.problem import BadInput

ABANDONED = 3600.0
"""Seconds after which a hidden folder belongs to no run that goes on."""


COPY, GONE = ".copy~", "~gone"


class _Baseline(msgspec.Struct, frozen=True):
    sha256: str


class _Difference(msgspec.Struct, frozen=True):
    baseline: _Baseline


class _Compared(msgspec.Struct, frozen=True):
    run: SummaryRun
    since: _Difference | None = None


def archive(folder: Path, history: Path) -> Path | None:
    """Move a pack to the history, under the time when its audit began.

    Returns where it is now; None where the folder held no file of a pack. Raises OSError.
    """
    if not any(os.path.lexists(folder / name) for name in ALL):
        folder.rmdir()
        return None
    name = _name(folder)
    make_private_folder(history)
    try:
        return _place(folder, history, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    copied = Path(tempfile.mkdtemp(prefix=COPY, dir=history))
    try:
        for one in ALL:
            if os.path.lexists(folder / one):
                shutil.copy2(folder / one, copied / one, follow_symlinks=False)
        placed = _place(copied, history, name)
    except BaseException:
        shutil.rmtree(copied, ignore_errors=True)
        raise
    _remove(folder)
    return placed


def archive_leftovers(target: Path, history: Path) -> None:
    """Move to the history what killed runs left hidden, where it has evidence; remove the rest."""
    for folder in leftovers(target):
        with suppress(OSError):
            # The time of the last rename: the pack itself may be old.
            if time.time() - folder.stat().st_ctime < ABANDONED:
                continue
            for path in folder.iterdir():
                if path.name not in ALL:
                    path.unlink()
            if (folder / EVIDENCE).is_file():
                archive(folder, history)
            else:
                _remove(folder)


def prune(audit_dir: Path, cluster: str, keep: Keep) -> None:
    """Remove the earlier audits that are not to be kept.

    What the last audits were compared with stays, the last whole audit too, and so does a folder
    in which anything but a pack lies.
    """
    history = history_of(audit_dir, cluster)
    found = entries(history)
    doomed = [*_doomed([e for e in found if e.whole], keep)]
    doomed += _doomed([e for e in found if not e.whole], keep)
    if doomed:
        last = [_compared(folder_of(audit_dir, cluster, whole=whole)) for whole in (True, False)]
        needed = {one.since.baseline.sha256 for one in last if one and one.since}
        if not (last[0] and last[0].run.whole):
            doomed = [entry for entry in doomed if entry.folder != _newest_whole(found)]
        for entry in doomed:
            with suppress(OSError):
                content = read_regular(entry.folder / EVIDENCE)
                if hashlib.sha256(content).hexdigest() not in needed:
                    _remove_whole(entry.folder)
    for gone in history.glob(f".*{GONE}"):
        _remove(gone)


def _doomed(kind: Sequence[Entry], keep: Keep) -> Iterator[Entry]:
    """Of entries of one kind, the newest first, those that are too many or too old."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for number, entry in enumerate(kind):
        old = keep.days is not None and now - entry.moment > datetime.timedelta(days=keep.days)
        if old or number >= keep.number:
            yield entry


def _newest_whole(found: Sequence[Entry]) -> Path | None:
    return next((entry.folder for entry in found if entry.whole), None)


def _compared(folder: Path) -> _Compared | None:
    with suppress(BadInput):
        return read_part(folder / EVIDENCE, _Compared)
    return None


def _name(folder: Path) -> str:
    with suppress(BadInput):
        run = read_head(folder).run
        return entry_name(datetime.datetime.fromisoformat(run.started), whole=run.whole)
    changed = datetime.datetime.fromtimestamp(folder.stat().st_mtime, datetime.timezone.utc)
    return f"{entry_name(changed, whole=True)}-unreadable"


def _place(folder: Path, history: Path, name: str) -> Path:
    """Rename the folder to the name, or to one with a number where that is taken."""
    for number in itertools.count(1):
        target = history / (name if number == 1 else f"{name}-{number}")
        if os.path.lexists(target):
            continue
        try:
            return folder.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
    raise AssertionError("numbers do not end")


def _remove_whole(folder: Path) -> None:
    """Remove a pack at once for whoever reads it; nothing where more than a pack lies there."""
    if {path.name for path in folder.iterdir()} <= set(ALL):
        _remove(folder.rename(folder.with_name(f".{folder.name}{GONE}")))


def _remove(folder: Path) -> None:
    """Remove a pack's files, and the folder if it is empty then."""
    with suppress(OSError):
        for name in ALL:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
