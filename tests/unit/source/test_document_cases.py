"""Each file in ``bad`` is refused with the words of the ``.txt`` beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_portaswitch.source import BadInput, Problem, open_file, settle
from pytest_portaswitch.source.document import LARGEST

BAD = Path(__file__).with_name("bad")


@pytest.mark.parametrize("case", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_bad_document(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All problems of a file are said, to the letter."""
    monkeypatch.chdir(BAD)
    problems: list[Problem] = []
    open_file(Path(case.name), problems)
    with pytest.raises(BadInput) as caught:
        settle(problems)
    assert f"{caught.value}\n" == case.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_pythons_own_parser_agrees(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libyaml the words are the same."""
    monkeypatch.setattr("yaml.__with_libyaml__", False)
    test_bad_document(case, monkeypatch)


def problem_of(path: Path) -> str:
    """The only problem of a file, with its folder left out."""
    problems: list[Problem] = []
    assert open_file(path, problems, "FILE") is None
    (problem,) = problems
    return str(problem)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is a problem, not a traceback."""
    assert problem_of(tmp_path / "no") == "FILE: cannot be read: No such file or directory"


def test_folder(tmp_path: Path) -> None:
    """A folder is no file."""
    assert problem_of(tmp_path) == "FILE: cannot be read: Is a directory"


def test_name_that_no_file_can_have() -> None:
    """Even a NUL in the name is only a problem."""
    assert problem_of(Path("a\0b")) == "FILE: cannot be read: embedded null byte"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_unreadable_file(tmp_path: Path) -> None:
    """A file without read permission says so."""
    path = tmp_path / "secret.yaml"
    path.touch(mode=0)
    assert problem_of(path) == "FILE: cannot be read: Permission denied"


def test_too_large_file(tmp_path: Path) -> None:
    """A file is read up to a bound only."""
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (LARGEST + 1))
    assert problem_of(path) == "FILE: is larger than 2097152 bytes"


def test_a_device_or_a_pipe_is_no_file(tmp_path: Path) -> None:
    """One may never end, the other would be waited for until somebody writes to it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (Path("/dev/zero"), pipe):
        assert problem_of(path) == "FILE: cannot be read: it is no regular file"


def test_byte_order_mark(tmp_path: Path) -> None:
    """A byte order mark, as Windows editors write it, is no part of the first key."""
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    value = open_file(path, [])
    assert value is not None
    assert value.entries() is not None
    assert list(value.entries() or {}) == ["a"]
