"""A pack is files, as an audit wrote them; whatever else lies there is named and not read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_portaswitch.cli import main
from pytest_portaswitch.pack import verify, write_index, write_pack
from pytest_portaswitch.pack.names import EVIDENCE, OSCAL, PAGE, SIGNATURE, SUMS
from tests.unit.report.making import MOMENT, evidence


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The folder of a pack that holds."""
    return write_pack(evidence(), tmp_path / "reports").parent


def test_sums_in_another_order_are_found(pack: Path) -> None:
    """They are no longer what the audit wrote."""
    lines = (pack / SUMS).read_text().splitlines(keepends=True)
    (pack / SUMS).write_text("".join(reversed(lines)))
    assert verify(pack).problems == (
        "SHA256SUMS: was altered: an audit writes the same sums otherwise",
    )
    (pack / SUMS).write_bytes(b"\xff")
    assert verify(pack).problems == ("SHA256SUMS: cannot be read: not ASCII",)


def _to_fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _to_link(path: Path) -> None:
    if path.exists():
        path.rename(path.parent.parent / path.name)
    path.symlink_to(path.parent.parent / path.name)


def _to_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


@pytest.mark.parametrize("change", [_to_fifo, _to_link, _to_folder])
@pytest.mark.parametrize("name", [EVIDENCE, PAGE, OSCAL, SUMS, SIGNATURE])
def test_a_pack_holds_files_only(
    pack: Path, name: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    """Anything else may lead out of it, or never end."""
    change(pack / name)
    said = "is not one of these sums: it cannot be read" if name == SIGNATURE else "cannot be read"
    assert f"{name}: {said}: not a regular file" in verify(pack).problems
    assert main(["merge", str(pack), "--output", str(tmp_path / "all")]) == 2
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize("change", [_to_fifo, _to_link, _to_folder])
def test_evidence_is_read_from_files_only(
    pack: Path, change: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """As a baseline, and for the index over all clusters."""
    change(pack / EVIDENCE)
    assert main(["diff", str(pack), str(pack)]) == 2
    said = "evidence.json: cannot be read: not a regular file"
    assert f"{pack}/{said}\n" in capsys.readouterr().err
    (shown,) = write_index(pack.parent, MOMENT).packs
    assert shown.refusal == said


def test_who_names_a_file_may_name_a_link(pack: Path, tmp_path: Path) -> None:
    """That is no part of a pack; what never ends is refused all the same."""
    (tmp_path / "last.json").symlink_to(pack / EVIDENCE)
    assert main(["diff", str(tmp_path / "last.json"), str(pack)]) == 0
    assert main(["render", str(tmp_path / "last.json")]) == 0
    os.mkfifo(tmp_path / "endless.json")
    assert main(["diff", str(tmp_path / "endless.json"), str(pack)]) == 2
    assert main(["render", str(tmp_path / "endless.json")]) == 2


@pytest.mark.parametrize("name", [SUMS, SIGNATURE])
def test_sums_and_signatures_that_are_long_are_not_read(pack: Path, name: str) -> None:
    """Half a gigabyte of line ends would take ten times that of memory."""
    (pack / name).write_bytes(b"\n" * 65_537)
    [problem] = verify(pack).problems
    assert problem.startswith(f"{name}: ")
    assert problem.endswith("cannot be read: larger than 65536 bytes")


def test_of_very_many_files_beside_a_pack_some_are_named(pack: Path) -> None:
    """Whoever verifies it reads what else does not hold, too."""
    for number in range(60):
        (pack / f"file-{number:02}").touch()
    assert verify(pack).problems == (
        *(f"file-{number:02}: does not belong to the pack" for number in range(50)),
        "... and 10 more files that do not belong to the pack",
    )
