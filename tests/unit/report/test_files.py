"""Files that are put in place at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_portaswitch.report.files import replace, replace_all


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_they_are_read_by_whom_the_folder_is_for(tmp_path: Path) -> None:
    """As the umask has it, and it stays as it was."""
    replace(tmp_path / "old", b"one")
    replace_all(tmp_path, {name: name.encode() for name in ("old", "new", "newer")})
    found = {
        file.name: (file.read_bytes(), file.stat().st_mode & 0o777) for file in tmp_path.iterdir()
    }
    assert found == {name: (name.encode(), 0o640) for name in ("old", "new", "newer")}
    assert os.umask(0o027) == 0o027


def test_one_that_cannot_be_put_in_place(tmp_path: Path) -> None:
    """It is told, the others are there, and nothing half written is left."""
    (tmp_path / "b").mkdir()
    rest = {f"c{number}": b"3" for number in range(20)}
    with pytest.raises(IsADirectoryError):
        replace_all(tmp_path, {"a": b"1", "b": b"2", **rest})
    assert {file.name for file in tmp_path.iterdir()} == {"a", "b", *rest}
    assert {(tmp_path / name).read_bytes() for name in rest} == {b"3"}
