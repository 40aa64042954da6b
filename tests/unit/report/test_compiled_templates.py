"""Compiled templates are kept where Python keeps compiled modules, on the same conditions."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2
import pytest

from pytest_portaswitch.report.page.compiled import BesideModules


def rendered(folder: Path, text: str = "Hello {{ name }}", options: object = ()) -> str:
    """What an environment of its own makes of a template."""
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"t": text}),
        autoescape=True,
        bytecode_cache=BesideModules(folder, options),
    )
    return environment.get_template("t").render(name="you")


def kept(folder: Path) -> list[Path]:
    """The files that are kept beside the templates."""
    return sorted((folder / "__pycache__").glob("*"))


@pytest.fixture(autouse=True)
def writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is with most people, whatever this machine's settings."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


def test_a_template_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is compiled."""
    assert rendered(tmp_path) == "Hello you"
    assert len(kept(tmp_path)) == 1

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(jinja2.Environment, "compile", refuse)
    assert rendered(tmp_path) == "Hello you"
    with pytest.raises(AssertionError, match="compiled again"):
        rendered(tmp_path, options="others")


def test_a_changed_template_is_compiled_anew(tmp_path: Path) -> None:
    """Its text decides, not its age."""
    rendered(tmp_path)
    assert rendered(tmp_path, "Bye {{ name }}") == "Bye you"


@pytest.mark.parametrize("damage", [b"", b"j2", "cut", "long"])
def test_what_is_damaged_counts_as_missing(tmp_path: Path, damage: bytes | str) -> None:
    """And is replaced."""
    rendered(tmp_path)
    (file,) = kept(tmp_path)
    whole = file.read_bytes()
    changed = {"cut": whole[:-20], "long": whole[:40] + b"\xff" * 40}
    file.write_bytes(damage if isinstance(damage, bytes) else changed[damage])
    assert rendered(tmp_path) == "Hello you"
    assert file.read_bytes() == whole


def test_nothing_is_kept_where_python_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``PYTHONDONTWRITEBYTECODE``, and a folder in which nothing can be written."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(tmp_path) == "Hello you"
    assert kept(tmp_path) == []
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "__pycache__").write_text("a file stands here")
    assert rendered(tmp_path) == "Hello you"
