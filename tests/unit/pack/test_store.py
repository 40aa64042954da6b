"""Packs are put in their place at once, and what lay there is kept for a while."""

from __future__ import annotations

import datetime
import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_portaswitch.pack import history, publish, write
from pytest_portaswitch.pack.names import EVIDENCE, OSCAL, PAGE, SUMS
from pytest_portaswitch.pack.verify import sums_of
from pytest_portaswitch.pack.write import store, sums
from pytest_portaswitch.report.layout import Keep

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def pack(number: int, *, whole: bool = True, baseline: bytes = b"") -> dict[str, bytes]:
    """The files of an audit that began so many days ago."""
    started = (NOW - datetime.timedelta(days=number)).isoformat()
    since = f', "since": {{"baseline": {{"sha256": "{sha256(baseline)}"}}}}' if baseline else ""
    evidence = (
        '{"format": "portaswitch-evidence", "version": 1, "cluster": "acme", "verdict": "ready", '
        f'"run": {{"state": "complete", "started": "{started}", "versions": {{}}, '
        f'"deselected": {0 if whole else 3}}}, "totals": {{"planned": 0, "passed": 0, '
        f'"failed": 0, "unknown": 0, "waived": 0}}{since}}}'
    ).encode()
    files = {PAGE: b"page %d" % number, EVIDENCE: evidence, OSCAL: b"oscal %d" % number}
    return {**files, SUMS: sums(files)}


def sha256(content: bytes) -> str:
    return write.hashlib.sha256(content).hexdigest()


def put(folder: Path, number: int, keep: Keep | None = None, **how: bool | bytes) -> write.Stored:
    """Store such a pack."""
    whole = bool(how.get("whole", True))
    files = pack(number, **how)  # type: ignore[arg-type]
    return store(files, "acme", folder, keep or Keep(number=10), whole=whole)


def content(folder: Path) -> dict[str, bytes]:
    """Of each file; the whole folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def entry(number: int, *, whole: bool = True) -> str:
    """The name of such a pack's folder in the history."""
    moment = NOW - datetime.timedelta(days=number)
    return f"{moment:%Y-%m-%dT%H%M%SZ}{'' if whole else '-partial'}"


def entries(folder: Path) -> set[str]:
    """The names in the history."""
    return {path.name for path in (folder / "_history" / "acme").iterdir()}


def no_exchange(monkeypatch: pytest.MonkeyPatch, _folder: Path) -> None:
    """As on a file system or a kernel that cannot swap folders."""
    monkeypatch.setattr(publish, "_exchange", lambda one, other: False)


def other_file(_monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Somebody keeps something of their own there."""
    (folder / "acme").mkdir()
    (folder / "acme" / "notes.txt").write_text("ours")


def link(_monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The folder lies elsewhere."""
    (folder / "elsewhere").mkdir()
    (folder / "acme").symlink_to("elsewhere")


def mount_like(monkeypatch: pytest.MonkeyPatch, _folder: Path) -> None:
    """It cannot be renamed."""
    exchange = publish._exchange

    def refuse(one: Path, other: Path) -> bool:
        if other.name == "acme":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(other))
        return exchange(one, other)

    monkeypatch.setattr(publish, "_exchange", refuse)


WAYS = [None, no_exchange, other_file, link, mount_like]


@pytest.mark.parametrize("way", WAYS)
def test_a_pack_takes_the_place_of_another_which_goes_to_the_history(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[pytest.MonkeyPatch, Path], None] | None,
) -> None:
    if way:
        way(monkeypatch, tmp_path)
    extra = {"notes.txt": b"ours"} if way is other_file else {}
    for number in (3, 2, 1):
        stored = put(tmp_path, number)
        assert stored.folder == tmp_path / "acme"
        assert content(stored.folder) == pack(number) | extra
        assert stored.trouble == ()
    assert entries(tmp_path) == {entry(3), entry(2)}
    assert content(tmp_path / "_history" / "acme" / entry(3)) == pack(3)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert (tmp_path / "acme").is_symlink() == (way is link)


def test_a_pack_of_a_part_has_a_place_and_a_history_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, 3)
    for number in (2, 1):
        stored = put(tmp_path, number, whole=False)
        assert stored.folder == tmp_path / "_partial" / "acme"
    assert content(tmp_path / "acme") == pack(3)
    assert entries(tmp_path) == {entry(2, whole=False)}


def test_two_audits_of_one_second_are_both_kept(tmp_path: Path) -> None:
    for _ in range(3):
        put(tmp_path, 1)
    assert entries(tmp_path) == {entry(1), f"{entry(1)}-2"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [PAGE, EVIDENCE, OSCAL, SUMS])
def test_where_one_file_cannot_be_written_the_pack_before_stays(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[pytest.MonkeyPatch, Path], None] | None,
    name: str,
) -> None:
    if way:
        way(monkeypatch, tmp_path)
    put(tmp_path, 2)
    before = content(tmp_path / "acme")
    files = pack(1)
    broken = {**files, "x" * 300: b""} if name == SUMS else {**files, f"{name}/../x": b""}
    with pytest.raises(OSError):  # noqa: PT011
        store(broken, "acme", tmp_path, whole=True)
    assert content(tmp_path / "acme") == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_where_the_switch_breaks_off_the_pack_before_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where files are moved one by one."""
    other_file(monkeypatch, tmp_path)
    put(tmp_path, 2)
    before = content(tmp_path / "acme")
    replace = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if self.parent.name.startswith(".new~") and self.name == OSCAL:
            raise OSError(errno.EIO, "Input/output error", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="Input/output"):
        put(tmp_path, 1)
    assert content(tmp_path / "acme") == before


def test_a_history_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    put(tmp_path, 2)
    (tmp_path / "_history").write_text("a file in its place")
    stored = put(tmp_path, 1)
    assert content(tmp_path / "acme") == pack(1)
    [line] = stored.trouble
    hidden = Path(line.partition(": cannot be moved to ")[0])
    assert line.endswith("_history/acme: Not a directory")
    assert content(hidden) == pack(2)


def test_a_killed_run_left_its_pack_hidden_and_a_later_one_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of a run that may still go on."""
    put(tmp_path, 2)
    left = publish.hidden_beside(tmp_path / "acme")
    for name, one in pack(3).items():
        (left / name).write_bytes(one)
    (left / ".audit.html.half").write_text("half")
    half = publish.hidden_beside(tmp_path / "acme")
    (half / PAGE).write_text("no more was written")
    put(tmp_path, 1)
    assert left.exists()
    later = time.time() + 2 * history.ABANDONED
    monkeypatch.setattr(history.time, "time", lambda: later)
    put(tmp_path, 0)
    assert entries(tmp_path) == {entry(3), entry(2), entry(1)}
    assert not left.exists()
    assert not half.exists()


def test_as_many_are_kept_as_asked_for_of_each_kind(tmp_path: Path) -> None:
    for number in range(9, 3, -1):
        put(tmp_path, number, Keep(number=2))
        put(tmp_path, number, Keep(number=3), whole=False)
    assert entries(tmp_path) == {
        *(entry(number) for number in (6, 5)),
        *(entry(number, whole=False) for number in (7, 6, 5)),
    }


def test_those_that_are_too_old_go(tmp_path: Path) -> None:
    for number in (40, 20, 5, 0):
        put(tmp_path, number, Keep(days=30))
    assert entries(tmp_path) == {entry(20), entry(5)}
    put(tmp_path, 0, Keep(number=0))
    assert entries(tmp_path) == set()


def test_the_baseline_of_the_last_audit_is_kept(tmp_path: Path) -> None:
    """However many there are since."""
    put(tmp_path, 9)
    for number in (8, 7, 6):
        put(tmp_path, number, Keep(number=1), baseline=pack(9)[EVIDENCE])
    assert entries(tmp_path) == {entry(9), entry(7)}
    put(tmp_path, 5, Keep(number=1))
    assert entries(tmp_path) == {entry(6)}


def test_the_last_whole_audit_is_kept_wherever_it_lies(tmp_path: Path) -> None:
    put(tmp_path, 3)
    put(tmp_path, 2)
    for path in (tmp_path / "acme").iterdir():
        path.unlink()
    put(tmp_path, 1, Keep(number=0), whole=False)
    assert entries(tmp_path) == {entry(3)}


def test_what_is_no_pack_of_ours_is_never_removed(tmp_path: Path) -> None:
    for number in (5, 4, 3):
        put(tmp_path, number)
    above = tmp_path / "_history" / "acme"
    (above / entry(5) / "notes.txt").write_text("ours")
    (above / "upgrade").mkdir()
    (above / "2020-13-45T000000Z").mkdir()
    (above / "2020-01-01T000000Z").symlink_to(tmp_path)
    put(tmp_path, 2, Keep(number=0))
    assert entries(tmp_path) == {
        entry(5), "upgrade", "2020-13-45T000000Z", "2020-01-01T000000Z"
    }  # fmt: skip


@pytest.mark.parametrize("way", [None, no_exchange])
def test_runs_at_the_same_time_never_mix_their_packs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[pytest.MonkeyPatch, Path], None] | None,
) -> None:
    """A reader meets one run's files only, and each pack is kept somewhere."""
    if way:
        way(monkeypatch, tmp_path)
    put(tmp_path, 100)
    wrong: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            handle = None
            try:
                handle = os.open(tmp_path / "acme", os.O_RDONLY | os.O_DIRECTORY)
                here = Path(f"/proc/self/fd/{handle}")
                wrong.extend(sums_of(here))
            except FileNotFoundError:
                if way is None:
                    wrong.append("nothing was there")
            finally:
                if handle is not None:
                    os.close(handle)

    def work(first: int) -> None:
        for number in range(first, first + 8):
            put(tmp_path, number, Keep())

    threads = [threading.Thread(target=work, args=(first,)) for first in (1, 11, 21)]
    reader = threading.Thread(target=read)
    reader.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    assert wrong == []
    everywhere = {*entries(tmp_path), entry_of(tmp_path / "acme")}
    expected = {100, *range(1, 9), *range(11, 19), *range(21, 29)}
    assert everywhere == {entry(number) for number in expected}


def entry_of(folder: Path) -> str:
    """The name that a pack would get in the history."""
    return history._name(folder)


def test_a_shared_folder_keeps_its_mode(tmp_path: Path) -> None:
    put(tmp_path, 2)
    assert (tmp_path / "acme").stat().st_mode & 0o7777 == 0o700
    (tmp_path / "acme").chmod(0o2750)
    put(tmp_path, 1)
    assert (tmp_path / "acme").stat().st_mode & 0o7777 == 0o2750
