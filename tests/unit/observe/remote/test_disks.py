"""File systems and programs: what is on this machine, and nothing that lies on a network."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import Program
from pytest_portaswitch.observe.remote.program import disks
from pytest_portaswitch.observe.remote.program.notes import Notes
from pytest_portaswitch.observe.request import Request
from tests.unit.observe.remote.conftest import Look
from tests.unit.observe.remote.talk import converse, environment
from tests.unit.observe.remote.test_fallback import look as look_without_python

Mounts = Callable[..., None]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a mount needs root")


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mounts:
    """Let the kernel's list of mounts have these: ``DEVICE FOLDER TYPE [ro]``, nothing else."""

    def write(*lines: str) -> None:
        text = ""
        for number, line in enumerate(lines):
            device, folder, kind, *options = line.split(" ")
            shown = ",".join(options or ["rw"])
            text += f"{number} 1 {device} / {folder} {shown},noatime shared:1 - {kind} src rw\n"
        (tmp_path / "mountinfo").write_text(text)
        monkeypatch.setattr(disks, "_MOUNTS", str(tmp_path / "mountinfo"))

    return write


def seen(monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[str]]:
    """Return the folders that are shown, and those that the kernel was asked of."""
    asked: list[str] = []

    def statvfs(folder: str) -> os.statvfs_result:
        asked.append(folder)
        return os.statvfs_result((4096, 4096, 100, 60, 50, 10, 5, 5, 0, 255))

    monkeypatch.setattr(disks.os, "statvfs", statvfs)
    return [disk["folder"] for disk in disks.disks(Notes())], asked


def test_the_numbers_are_those_of_df(look: Look) -> None:
    """Free is what everybody may use; what only root may is neither used nor free."""
    facts = look().facts
    assert facts.gap("disks") == ""
    assert facts.disks
    for disk in facts.disks:
        now = os.statvfs(disk.folder)
        assert disk.size == (now.f_blocks - now.f_bfree + now.f_bavail) * now.f_frsize
        assert 0 <= disk.free <= disk.size
        assert disk.inodes == now.f_files


@needs_root
def test_a_small_disk(tmp_path: Path) -> None:
    """A blank in its folder's name is a blank."""
    folder = tmp_path / "a b"
    folder.mkdir()
    lines = (
        f"mount -t tmpfs -o size=64k small '{folder}';"
        f" head -c 65536 /dev/zero >'{folder}/all'; exec /bin/sh -c"
    )
    shell = ("unshare", "-m", "/bin/sh", "-c", f'{lines} "$1"', "sh")
    facts = converse(Request(host="h"), environment(tmp_path), shell=shell).facts
    (disk,) = (disk for disk in facts.disks if disk.folder == str(folder))
    assert (disk.kind, disk.size, disk.free) == ("tmpfs", 65536, 0)
    assert disk.inodes > disk.inodes_free > 0


def test_nothing_on_a_network_is_touched(mounts: Mounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is gone would hold whoever asks; a disk below such a folder as well."""
    mounts(
        "8:1 / ext4",
        "0:9 /mnt/nfs nfs4",
        "8:2 /mnt/nfs/disk xfs",
        "8:3 /mnt/nfs-not ext4",
        "0:8 /auto autofs",
        "8:4 /auto/disk ext4",
        "0:7 /home fuse.sshfs",
    )
    shown, asked = seen(monkeypatch)
    assert shown == asked == ["/", "/mnt/nfs-not"]


def test_each_disk_once_and_only_what_can_fill_up(
    mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mounted twice it stands at the shortest folder; what is read-only is full for ever."""
    mounts(
        "8:1 / ext4",
        "8:1 /var/lib/container/root ext4",
        "7:1 /snap/core squashfs",
        "8:9 /cdrom iso9660",
        "8:5 /backup ext4 ro",
        "0:3 /proc proc",
    )
    assert seen(monkeypatch)[0] == ["/"]


CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize(
    ("line", "folders"),
    [
        ((CASES / "mountinfo-read-only").read_text(), []),
        ("36 1 253:0 / / rw - xfs /dev/mapper/ol-root rw,seclabel,noro,attr2\n", ["/"]),
        ("36 1 253:0 / / rw - xfs ro rw\n", ["/"]),
        ("36 1 253:0 / / rw - tmpfs  ro,size=1k\n", []),
        ("36 1 253:0 / / rw - tmpfs  rw\n", ["/"]),
        ("36 1 253:0 / / rw - tmpfs\n", ["/"]),
        ("36 1 253:0 / / ro - xfs /dev/sda rw\n", []),
        ("36 1 253:0 / /\n", []),
        ("36 1 253:0 / / rw -\n", []),
    ],
)
def test_a_read_only_super_block_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, folders: list[str]
) -> None:
    """Whatever its mount says; the name of its device says nothing."""
    (tmp_path / "mountinfo").write_text(line)
    monkeypatch.setattr(disks, "_MOUNTS", str(tmp_path / "mountinfo"))
    assert seen(monkeypatch)[0] == folders


def test_of_mounts_over_each_other_the_last_counts(
    mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one below is not to be reached."""
    mounts("8:1 / ext4", "8:2 /data ext4", "0:9 /data nfs4")
    assert seen(monkeypatch)[0] == ["/"]


def test_thousands_of_mounts_take_no_time(mounts: Mounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """As containers leave them, below a folder of a network."""
    lines = [f"0:{number} /nfs/{number}/merged overlay" for number in range(8000)]
    mounts("8:1 / ext4", "0:9 /nfs nfs4", *lines)
    began = time.process_time()
    assert seen(monkeypatch)[0] == ["/"]
    assert time.process_time() - began < 5


def test_more_mounts_than_are_read_are_no_disks(
    mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was not read could be of a network, and hide another."""
    mounts("8:1 / ext4", "8:2 /data ext4")
    monkeypatch.setattr(disks, "_LARGEST", 60)
    with pytest.raises(OSError, match="File too large"):
        disks.disks(Notes())


def test_a_disk_that_cannot_be_asked_is_a_gap(
    mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the others are shown."""
    mounts("8:1 / ext4", "8:2 /nowhere/to/be/found ext4")
    notes = Notes()
    assert [disk["folder"] for disk in disks.disks(notes)] == ["/"]
    assert notes.gaps == [
        {"what": "disks", "why": "/nowhere/to/be/found: No such file or directory"}
    ]


def test_very_many_disks_are_cut(mounts: Mounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said."""
    mounts(*(f"8:{number} /{number} ext4" for number in range(120)))
    monkeypatch.setattr(
        disks.os, "statvfs", lambda folder: os.statvfs_result((1, 1, 9, 9, 9, 9, 9, 9, 0, 9))
    )
    notes = Notes()
    assert len(disks.disks(notes)) == 100
    assert notes.gaps == [{"what": "disks", "why": "100 of 120 are shown"}]


def expected(folder: Path) -> tuple[Program, ...]:
    """Programs that are there and not, made in a folder."""
    (folder / "run").write_text("")
    (folder / "run").chmod(0o755)
    (folder / "read").write_text("")
    return (
        Program(path=f"{folder}/none"),
        Program(path=f"{folder}/read", there=True),
        Program(path=f"{folder}/run", there=True, executable=True),
        Program(path=str(folder), there=True),
    )


def test_programs(look: Look, tmp_path: Path) -> None:
    """There, to be run, or neither; a folder is no program."""
    programs = expected(tmp_path)
    assert look(programs=tuple(p.path for p in programs)).facts.programs == programs


def test_programs_without_python(tmp_path: Path) -> None:
    """The same by bash; of disks it tells nothing, and says so."""
    (tmp_path / "x").mkdir()
    programs = expected(tmp_path / "x")
    facts = look_without_python(tmp_path, programs=tuple(p.path for p in programs)).facts
    assert facts.programs == programs
    assert (facts.disks, facts.gap("disks")) == ((), "no Python on the host")


def test_a_program_on_a_network_is_not_looked_for(
    mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is there is not known."""
    mounts("8:1 / ext4", "0:9 /opt nfs4")
    assert disks.programs(["/opt/porta/dsbc", "/usr/../opt/x"]) == [
        {"path": "/opt/porta/dsbc", "error": "it lies on a file system of the network"},
        {"path": "/usr/../opt/x", "error": "it lies on a file system of the network"},
    ]


def test_a_program_below_a_file(tmp_path: Path) -> None:
    """The kernel's own words."""
    (tmp_path / "file").write_text("")
    (program,) = disks.programs([f"{tmp_path}/file/x"])
    assert program["error"] == f"{tmp_path}/file/x: Not a directory"
