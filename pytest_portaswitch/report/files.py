"""Writing evidence so that a reader never meets half a file, and reading files and nothing else."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_portaswitch.text import show

if TYPE_CHECKING:
    # The rest of this is wanted before anything is known of evidence.
    from pytest_portaswitch.report.evidence import Evidence

EVIDENCE = "evidence.json"
PAGE = "audit.html"
INDEX = "index.html"

LARGEST = 1 << 29
"""Bytes of a file of a pack; half a million checks take less."""
LARGEST_SEAL = 1 << 16
"""Bytes of the sums of a pack, or of their signature; both have some hundreds."""


def encode(evidence: Evidence) -> bytes:
    """The one spelling of the evidence: the same evidence gives the same bytes."""
    return show.json(msgspec.json.format(msgspec.json.encode(evidence), indent=1)) + b"\n"


def read_regular(path: Path, *, follow: bool = False, most: int = 0) -> bytes:
    """The bytes of a file; of what lies in a pack, which may come from anyone, not of a link.

    Anything but a file could lead elsewhere, or never end. ``follow``: whoever named the path may
    have named a link. ``most``: bytes that it may have, 0 for ``LARGEST``. Raises OSError.
    """
    seen = path.stat() if follow else path.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    # Another may stand there by now. A named pipe without a writer would hold the opening for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read((most or LARGEST) + 1)
    if len(content) > (most or LARGEST):
        raise OSError(errno.EFBIG, f"larger than {most or LARGEST} bytes", str(path))
    return content


def replace(path: Path, content: bytes) -> Path:
    """Put the content in the place of the file at once, for its owner alone. Raises OSError."""
    # mkstemp makes it private, whatever the umask: evidence says how to get in.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def replace_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put each content in the place of the file of its name, as ``replace`` does. Raises OSError.

    Side by side: a disk takes hardly longer for several files than for one.
    """
    tasks = []
    with ThreadPoolExecutor(len(contents)) as pool:
        for name, content in contents.items():
            try:
                # Not by map, which gives up what is not begun yet once one has failed.
                tasks.append(pool.submit(replace, folder / name, content))
            except RuntimeError:  # no thread is left
                replace(folder / name, content)
    for task in tasks:
        task.result()


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone. Raises OSError.

    One that is there keeps its mode: whoever made it may have shared it on purpose.
    """
    missing = [folder, *folder.parents]
    for path in reversed([path for path in missing if not path.is_dir()]):
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            words = os.strerror(errno.ENOTDIR)
            raise NotADirectoryError(errno.ENOTDIR, words, str(path)) from None
