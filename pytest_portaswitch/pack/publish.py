"""Putting a pack in its place at once, so that a reader meets one run's files and no others."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pytest_portaswitch.pack.names import ALL
from pytest_portaswitch.report.files import make_private_folder, replace_all

TRIES = 100
"""How often another run may be quicker, before something else must be wrong."""

OLD_INSIDE, NEW_INSIDE = ".old~", ".new~"

_RACES = (errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY)
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_ELSEWHERE = (errno.EXDEV, errno.EBUSY)
"""The folder is a mount, or of a lower layer of an overlay: it cannot be renamed."""


def publish(files: Mapping[str, bytes], target: Path) -> tuple[Path, ...]:
    """Make the files the pack in the folder ``target``, all at once.

    Returns the folders with what lay there before: usually one, none at first, several where other
    runs wrote at the same time. They lie hidden beside the target, to be archived. Raises OSError,
    and then the target is as it was.
    """
    target = _real(target)
    make_private_folder(target.parent)
    if _is_shared(target):
        return _write_inside(files, target)
    staged = hidden_beside(target)
    try:
        replace_all(staged, files)
        _keep_mode(target, staged)
        sync(staged)
        earlier = _switch(staged, target)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        if error.errno not in _ELSEWHERE:
            raise
        return _write_inside(files, target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    sync(target.parent)
    return earlier


def hidden_beside(target: Path) -> Path:
    """A new folder beside the target, of the kind that ``leftovers`` finds. Raises OSError."""
    return Path(tempfile.mkdtemp(prefix=f".{target.name}~", dir=target.parent))


def leftovers(target: Path) -> list[Path]:
    """Hidden folders that runs made beside the target and in it; those of killed runs stay."""
    with suppress(OSError):
        target = _real(target)
        beside = target.parent.glob(f".{target.name}~*")
        return sorted([*beside, *target.glob(f"{OLD_INSIDE}*"), *target.glob(f"{NEW_INSIDE}*")])
    return []


def sync(folder: Path) -> None:
    """Have the disk keep a folder's entries; some file systems cannot be asked."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _real(target: Path) -> Path:
    """Where a link leads: it stays, and what it leads to is replaced."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _is_shared(target: Path) -> bool:
    """Whether more lies in the folder than a pack, so that it must stay where it is."""
    if not os.path.lexists(target):
        return False
    names = {path.name for path in target.iterdir()}
    return os.path.ismount(target) or not names <= set(ALL)


def _keep_mode(target: Path, staged: Path) -> None:
    """Somebody may have shared the folder on purpose."""
    with suppress(OSError):
        seen = target.stat()
        staged.chmod(seen.st_mode & 0o7777)
        if (seen.st_uid, seen.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(staged, seen.st_uid, seen.st_gid)


def _switch(staged: Path, target: Path) -> tuple[Path, ...]:
    """Put ``staged`` in the target's place; returns where what lay there is now. Raises OSError."""
    aside: list[Path] = []
    for _ in range(TRIES):
        try:
            if os.path.lexists(target):
                if _exchange(staged, target):
                    return (*aside, staged)
                spare = hidden_beside(target)
                target.rename(spare)
                aside.append(spare)
            staged.rename(target)
            return tuple(aside)
        except OSError as error:
            if error.errno not in _RACES:
                if aside and not os.path.lexists(target):
                    aside.pop().rename(target)
                raise
    raise OSError(errno.EBUSY, "is written by other runs all the time", str(target))


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders (renameat2(2)); False where this machine cannot. Raises OSError."""
    if os.path.lexists(other) and not other.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(other))
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    here, exchange = -100, 2
    if renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _write_inside(files: Mapping[str, bytes], target: Path) -> tuple[Path, ...]:
    """Write file by file, where the folder cannot be replaced: it is a mount, or holds more.

    The old files go before the new ones come, the sums first and last: ``verify`` refuses whatever
    is left where that breaks off.
    """
    staged = Path(tempfile.mkdtemp(prefix=NEW_INSIDE, dir=target))
    aside = Path(tempfile.mkdtemp(prefix=OLD_INSIDE, dir=target))
    try:
        replace_all(staged, files)
        try:
            _move(target, aside)
            _move(staged, target)
        except BaseException:
            _move(aside, target)
            raise
    except BaseException:
        with suppress(OSError):
            aside.rmdir()
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    sync(target)
    return (aside,)


def _move(source: Path, target: Path) -> None:
    """Move a pack's files between folders of one file system.

    Out of the pack's own place the sums go first, and into it they come last.
    """
    into = source.name.startswith((OLD_INSIDE, NEW_INSIDE))
    for name in ALL if into else reversed(ALL):
        with suppress(FileNotFoundError):
            (source / name).replace(target / name)
