"""File systems of this machine's own, and files that are looked for. Nothing is opened.

Whatever lies on a network is left alone: a server of it that is gone would hold this program fast.
"""

import errno
import os
import stat

from pytest_portaswitch.observe.remote.program.notes import TEXT, Notes, read, reason, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_MOUNTS = "/proc/self/mountinfo"
_LARGEST = 1 << 20
_MOST = 100
_DISKS = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "vfat", "overlay", "tmpfs")
)
"""What fills up, and answers from memory."""
_HARMLESS = _DISKS.union(
    ("rootfs", "ramfs", "devtmpfs", "proc", "sysfs", "cgroup", "cgroup2", "devpts", "squashfs"),
    ("iso9660", "securityfs", "mqueue", "hugetlbfs", "debugfs", "tracefs", "pstore", "bpf"),
    ("configfs", "efivarfs", "selinuxfs", "nsfs", "binfmt_misc"),
)
"""What a path may lead through without waiting for another machine."""


def mounted() -> "list[tuple[str, str, str, bool]]":
    """Return device, folder, type and whether it is read-only, of each mount that is on top.

    Raises ``OSError``, also where there are too many to know all.
    """
    found: dict[str, tuple[str, str, str, bool]] = {}
    data = read(_MOUNTS, _LARGEST)
    if len(data) == _LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), _MOUNTS)
    for line in text(data).splitlines():
        about, dash, rest = line.partition(" - ")
        fields, (kind, _, super_block) = about.split(" "), [*rest.split(" "), "", ""][:3]
        if dash and len(fields) >= 6:
            folder = _plain(fields[4])
            # A mount hides an earlier one of the same folder.
            found.pop(folder, None)
            # Either makes it so: proc(5). After an error ext4 turns its super block only.
            read_only = "ro" in fields[5].split(",") or "ro" in super_block.split(",")
            found[folder] = (fields[2], folder, kind, read_only)
    return list(found.values())


def _plain(folder: str) -> str:
    """Undo the kernel's writing of blanks and the like as ``\\040``."""
    for code, character in ((" ", "\\040"), ("\t", "\\011"), ("\n", "\\012"), ("\\", "\\134")):
        folder = folder.replace(character, code)
    return folder


def _far(mounts: "list[tuple[str, str, str, bool]]") -> "set[str]":
    """Return the folders of what may lie on another machine."""
    return {folder for _, folder, kind, _ in mounts if kind not in _HARMLESS}


def _is_near(path: str, far: "set[str]") -> bool:
    """Whether the way to a path leads over this machine's own file systems only."""
    while path not in far:
        path, before = os.path.dirname(path), path
        if path == before:
            return True
    return False


def disks(notes: Notes) -> "list[dict[str, object]]":
    """Return the writable file systems, each once, in the shape of ``facts.model.Disk``."""
    mounts = mounted()
    far = _far(mounts)
    near: dict[str, tuple[str, str]] = {}
    for device, folder, kind, read_only in sorted(mounts, key=lambda mount: len(mount[1])):
        # One that is mounted in several places is shown by the shortest.
        if kind in _DISKS and not read_only and device not in near and _is_near(folder, far):
            near[device] = (folder, kind)
    if len(near) > _MOST:
        notes.gap("disks", f"{_MOST} of {len(near)} are shown")
    found: list[dict[str, object]] = []
    for folder, kind in list(near.values())[:_MOST]:
        try:
            space = os.statvfs(folder)
        except OSError as error:
            notes.gap("disks", reason(error))
            continue
        if space.f_blocks == 0:
            continue
        found.append(
            {
                "folder": folder[:TEXT],
                "kind": kind,
                # As df counts: what only root may fill is neither used nor free.
                "size": (space.f_blocks - space.f_bfree + space.f_bavail) * space.f_frsize,
                "free": space.f_bavail * space.f_frsize,
                "inodes": space.f_files,
                "inodes_free": space.f_ffree,
            }
        )
    return found


def programs(paths: "Iterable[str]") -> "list[dict[str, Any]]":
    """Return whether there are programs at these paths, as ``facts.model.Program``."""
    far = _far(mounted())
    return [_program(path, far) for path in paths]


def _program(path: str, far: "set[str]") -> "dict[str, Any]":
    real = os.path.normpath(path)
    if not _is_near(real, far):
        return {"path": path, "error": "it lies on a file system of the network"}
    try:
        there = os.stat(real)
    except FileNotFoundError:
        return {"path": path}
    except OSError as error:
        return {"path": path, "error": reason(error)}
    executable = stat.S_ISREG(there.st_mode) and there.st_mode & 0o111 != 0
    return {"path": path, "there": True, "executable": executable}
