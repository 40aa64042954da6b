"""Files that a cluster file names, resolved against its folder."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from pytest_portaswitch.source import Read, Value

_RISKY = re.compile(r"""[\x00-\x1f\x7f'"\\%$`;&|<>*?]|[^\S ]""")
"""What ssh expands or unquotes, what a shell would take, what breaks a line."""


def named(folder: Path) -> Read[Path]:
    """A reader of paths; ``~`` is the home, other relative ones start at the folder."""

    def read(value: Value) -> Path | None:
        text = value.scalar("a file")
        if text is None:
            return None
        if text.startswith("-"):
            value.refuse("must not begin with '-'", "write ./ before it")
            return None
        path = folder / os.path.expanduser(text)  # noqa: PTH111 - Path's raises for unknown users
        if risky := _RISKY.search(str(path)):
            where = "" if risky.group() in text else " in the folder of the cluster file"
            value.refuse(f"has {risky.group()!r} in it{where}, which ssh or a shell may act on")
            return None
        return path

    return read


def existing(folder: Path) -> Read[Path]:
    """A reader of files that exist; the path it gives back is absolute."""
    read_path = named(folder)

    def read(value: Value) -> Path | None:
        path = read_path(value)
        if path is None or os.path.isfile(path):  # noqa: PTH113 - Path's raises for long names
            return path and path.absolute()
        value.refuse("is no file", f"looked for {path}")
        return None

    return read


def file_name(folder: Path) -> Read[str]:
    """A reader of files that exist, which gives back the absolute path as ssh is told it."""
    read_path = existing(folder)

    def read(value: Value) -> str | None:
        path = read_path(value)
        return str(path) if path else None

    return read


def guarded(folder: Path) -> Read[Path]:
    """A reader of files that exist and that not everybody may read."""
    read_path = existing(folder)

    def read(value: Value) -> Path | None:
        path = read_path(value)
        if path is not None and readable_by_all(path):
            value.refuse("can be read by everybody on this machine", f"chmod o-rwx {path}")
            return None
        return path

    return read


def readable_by_all(path: Path) -> bool:
    """Whether the file's mode lets others read it."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
