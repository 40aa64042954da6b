"""Building the lab's tree, with a builder that takes no time."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from pytest_portaswitch.lab import LabProblem, rootfs

BUILDER = """#!/bin/sh
echo 'I: installing packages...'
echo 'dpkg: noise'
{end}
"""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """An empty cache, package sources, and what is said meanwhile."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(rootfs, "codename", lambda: "bookworm")
    monkeypatch.setattr(rootfs, "debian_sources", lambda: ())
    return []


def builder(folder: Path, end: str) -> None:
    """Put a mmdebstrap in the place of the real one."""
    path = folder / "mmdebstrap"
    path.write_text(BUILDER.format(end=end))
    path.chmod(0o755)


def test_a_tree_is_built_once_and_nothing_is_left_open(said: list[str], tmp_path: Path) -> None:
    """Its last argument is the folder, as there are no sources; an open pipe would warn."""
    builder(tmp_path, 'for folder; do :; done; mkdir "$folder"')
    tree = rootfs.ensure_tree(said.append)
    gc.collect()
    assert tree.is_dir()
    assert [path.name for path in tree.parent.iterdir() if path.is_dir()] == [tree.name]
    assert said[1:] == ["  installing packages..."]
    assert rootfs.ensure_tree(said.append) == tree
    assert len(said) == 2


def test_a_tree_that_cannot_be_built(said: list[str], tmp_path: Path) -> None:
    """With the builder's own words, and nothing half built is taken for a tree."""
    builder(tmp_path, "echo 'E: no such mirror'; exit 1")
    with pytest.raises(LabProblem) as caught:
        rootfs.ensure_tree(said.append)
    assert "the lab's tree could not be built" in str(caught.value)
    assert "E: no such mirror" in str(caught.value)
    assert not rootfs.cached_tree().exists()
