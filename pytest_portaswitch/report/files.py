"""Writing evidence so that a reader never meets half a file, and reading files and nothing else."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from pytest_portaswitch.report.evidence import Evidence

EVIDENCE = "evidence.json"
PAGE = "audit.html"
INDEX = "index.html"


def encode(evidence: Evidence) -> bytes:
    """The one spelling of the evidence: the same evidence gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(evidence), indent=1) + b"\n"


def read_regular(path: Path, *, follow: bool = False) -> bytes:
    """The bytes of a file; of what lies in a pack, which may come from anyone, not of a link.

    Anything but a file could lead elsewhere, or never end. ``follow``: whoever named the path may
    have named a link. Raises OSError.
    """
    seen = path.stat() if follow else path.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path.read_bytes()


def replace(path: Path, content: bytes) -> Path:
    """Put the content in the place of the file at once. Raises OSError."""
    _replace(path, content, _mode())
    return path


def replace_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put each content in the place of the file of its name at once. Raises OSError.

    Side by side: a disk takes hardly longer for several files than for one.
    """
    mode = _mode()
    with ThreadPoolExecutor(len(contents)) as pool:
        # Not by map, which gives up what is not begun yet once one has failed.
        tasks = [
            pool.submit(_replace, folder / name, content, mode)
            for name, content in contents.items()
        ]
    for task in tasks:
        task.result()


def _mode() -> int:
    """What a new file may be used for. A mask is read by setting it: not for several threads."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _replace(path: Path, content: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes it private; a report is read by whoever may read the folder.
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
