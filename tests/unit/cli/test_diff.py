"""``pytest-portaswitch diff BEFORE AFTER``: what is different, offline."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.cli import main
from pytest_portaswitch.report.files import encode
from tests.unit.report.making import evidence


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence of before and after an upgrade."""
    folder = tmp_path_factory.mktemp("packs")
    (folder / "before").mkdir()
    before = evidence({"db2": "nothing-runs", "bill1": "old-release"})
    (folder / "before/evidence.json").write_bytes(encode(before))
    (folder / "after.json").write_bytes(encode(evidence({"proc1": "down"})))
    other = msgspec.structs.replace(before, cluster="other")
    (folder / "other.json").write_bytes(encode(other))
    return folder


def test_a_difference_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole, by standing, and no line of words longer than 80 columns."""
    assert main(["diff", str(folder / "before"), str(folder / "after.json")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["acme-prod", "  since     the audit of 2026-11-22 12:00 UTC, MR119:"]
    text = "\n".join(lines)
    assert "            newly unknown (37):\n            - hygiene:" in text
    assert "            fixed (2):\n            - listener:db2:mysql-server-for-" in text
    assert " (failed before)" in " ".join(text.split())
    assert "- release of bill1: MR118 -> MR119" in text
    assert "- proc1: now it could not be looked at: no answer within 10 s" in text
    assert "more: the audit page has them" not in text
    assert all(len(line) <= 80 for line in lines)


def test_nothing_new(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What failed before and still does is not new."""
    same = str(folder / "before")
    assert main(["diff", same, same]) == 0
    text = capsys.readouterr().out
    assert "still failing (2):" in text
    assert "new failure" not in text


def test_as_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shape is that of ``since`` in evidence."""
    assert main(["diff", "--format", "json", str(folder / "before"), str(folder / "after.json")])
    found = json.loads(capsys.readouterr().out)
    assert {"baseline", "checks", "unchanged", "changes", "uncompared"} == set(found)
    assert {"aspect": "release", "where": "bill1", "before": "MR118", "now": "MR119"} in found[
        "changes"
    ]


def test_two_clusters_are_not_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is what cannot be read; both files are named."""
    before, other = str(folder / "before"), str(folder / "other.json")
    assert main(["diff", before, other]) == 2
    assert capsys.readouterr().err == (
        f"{other}: cluster: 'other': is another cluster than that of {before}/evidence.json: "
        "'acme-prod'\n"
    )
    assert main(["diff", "one.json", "two.json"]) == 2
    assert capsys.readouterr().err == (
        "one.json: cannot be read: No such file or directory\n"
        "two.json: cannot be read: No such file or directory\n"
    )
