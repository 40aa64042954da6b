"""Whether what a run leaves can be written, tried before any host is contacted.

It loads little: what writes packs is loaded while hosts are looked at.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import walk_tb

import pytest

from pytest_portaswitch.report.layout import HISTORY, PARTIAL, folder_of, history_of
from pytest_portaswitch.runner import stash
from pytest_portaswitch.runner.audits import Audits
from pytest_portaswitch.text import show

PER_CHECK = 6_000
PER_PACK = 300_000
"""Bytes. Measured: a pack of 13 hosts and 402 checks has 2.0 MB, with a page, its evidence and
OSCAL; and the earlier pack stays meanwhile."""

_LONGEST = ".oscal-assessment-results.json.12345678"
_LONGEST_ENTRY = "2027-01-31T010203Z-partial-100"


def refusals(audit_dir: Path, planned: Mapping[str, int], further: Mapping[str, Path]) -> list[str]:
    """Why the evidence, or another file of the run, cannot be written; a line each.

    ``planned``: checks by cluster. ``further``: files that other options name, by option.
    Nothing of the trial stays.
    """
    found = []
    needed = sum(PER_PACK + PER_CHECK * checks for checks in planned.values())
    try:
        _try_folder(audit_dir, needed)
        for cluster in planned:
            _try_places(audit_dir, cluster)
    except OSError as error:
        found.append(_refusal("--audit-dir", Path(error.filename or audit_dir), error, needed))
    for option, file in further.items():
        try:
            if file.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
            _try_folder(file.parent, PER_PACK)
            if file.exists() and not os.access(file, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        except OSError as error:
            found.append(_refusal(option, Path(error.filename or file), error, PER_PACK))
    return found


def _refusal(option: str, place: Path, error: OSError, needed: int) -> str:
    room = f", about {needed / 1e6:.1f} MB are needed" if error.errno in _FULL else ""
    return (
        f"{option}: {place}: cannot be written: {error.strerror}{room}; no host was contacted "
        f"(mend it, or give another place with {option})"
    )


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _try_folder(folder: Path, size: int) -> None:
    """Write so many bytes into the folder and remove them again. Raises OSError."""
    with _made(folder), tempfile.TemporaryDirectory(prefix=".trial~", dir=folder) as inside:
        handle = os.open(Path(inside) / _LONGEST, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        try:
            # Takes the room, so that quotas and what is kept for root count.
            with suppress(AttributeError):  # not everywhere
                os.posix_fallocate(handle, 0, size)
            os.write(handle, b"a trial\n")
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The folder is there, and what was made for that goes again. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
        yield
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()


def _try_places(audit_dir: Path, cluster: str) -> None:
    """Look at whatever lies where packs and pages go. Raises OSError."""
    history = history_of(audit_dir, cluster)
    for place in (
        folder_of(audit_dir, cluster, whole=True),
        audit_dir / PARTIAL,
        folder_of(audit_dir, cluster, whole=False),
        audit_dir / HISTORY,
        history,
    ):
        if not os.path.lexists(place):
            continue
        _ = list(place.iterdir())
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
    index = audit_dir / "index.html"
    if index.is_dir() or cluster == index.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(index))
    with suppress(FileNotFoundError):
        (history / _LONGEST_ENTRY / _LONGEST).lstat()


def refuse_unwritable(config: pytest.Config, audits: Audits) -> None:
    """Raise pytest.UsageError where what the run leaves cannot be written."""
    planned = {audit.cluster.name: len(audit.plan.checks) for audit in audits.each()}
    further = {
        option: Path.cwd() / Path(os.path.expandvars(given)).expanduser()
        for option, name in (("--html", "htmlpath"), ("--junitxml", "xmlpath"))
        if (given := config.getoption(name, None))
    }
    if found := refusals(config.stash[stash.SETTINGS].audit_dir, planned, further):
        raise pytest.UsageError("\n".join(found))


def foreign_trouble(error: OSError) -> str:
    """What another plugin could not write at the end, in a line."""
    # What it was writing is known only where opening failed; whose it is, always.
    frames = [frame.f_globals.get("__name__", "?") for frame, _ in walk_tb(error.__traceback__)]
    ours = ("pluggy", "pytest_portaswitch")
    foreign = [name for name in frames if name.partition(".")[0] not in ours]
    whose = f"a report of {foreign[0]}" if foreign else "another plugin's report"
    place = f"{error.filename}: " if error.filename else ""
    return show.line(f"{place}{whose} cannot be written: {error.strerror or error}")
