"""Files that are put in place at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_portaswitch.report.files import make_private_folder, read_regular, replace, replace_all


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.usefixtures("umask")
def test_files_are_private_whatever_the_umask_and_the_file_before(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"before")
    (tmp_path / "old").chmod(0o644)
    replace(tmp_path / "old", b"one")
    replace_all(tmp_path, {name: name.encode() for name in ("old", "new", "newer")})
    assert _modes(tmp_path) == dict.fromkeys(("old", "new", "newer"), 0o600)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"old", "new", "newer"}


@pytest.mark.usefixtures("umask")
def test_missing_folders_are_made_private_and_existing_ones_keep_their_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o750)
    for _ in range(2):
        make_private_folder(shared / "reports" / "acme")
    assert _modes(tmp_path) == {"shared": 0o750}
    assert _modes(shared) | _modes(shared / "reports") == {"reports": 0o700, "acme": 0o700}


def test_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        make_private_folder(tmp_path / "file" / "acme")


def test_one_that_cannot_be_put_in_place(tmp_path: Path) -> None:
    """It is told, the others are there, and nothing half written is left."""
    (tmp_path / "b").mkdir()
    rest = {f"c{number}": b"3" for number in range(20)}
    with pytest.raises(IsADirectoryError):
        replace_all(tmp_path, {"a": b"1", "b": b"2", **rest})
    assert {file.name for file in tmp_path.iterdir()} == {"a", "b", *rest}
    assert {(tmp_path / name).read_bytes() for name in rest} == {b"3"}


@pytest.mark.parametrize("swap", ["link", "pipe"])
def test_what_takes_the_place_of_a_file_after_the_look_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    """A link leads elsewhere; the opening of a pipe without a writer would never end."""
    path, other = tmp_path / "evidence.json", tmp_path / "other"
    path.write_text("{}")
    other.write_text("secret")
    look = Path.lstat

    def swapped(self: Path) -> os.stat_result:
        seen = look(self)
        path.unlink()
        if swap == "link":
            path.symlink_to(other)
        else:
            os.mkfifo(path)
        return seen

    monkeypatch.setattr(Path, "lstat", swapped)
    with pytest.raises(OSError, match=r"symbolic links|not a regular file"):
        read_regular(path)
