"""The stages point one way, and each thing is met in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pytest_portaswitch"

MAY_IMPORT = {
    "text": set[str](),
    "source": set[str](),
    "tables": {"source"},
    "cluster": {"source", "tables"},
    "plan": {"source", "tables", "cluster"},
    "facts": {"tables", "source"},
    "protocols": {"facts"},
    "observe": {"facts", "protocols", "plan", "cluster", "tables", "source"},
    "judge": {"facts", "plan", "cluster", "tables", "protocols", "source"},
    "causes": {"judge", "plan", "facts", "cluster", "source"},
    "difference": {"judge", "plan", "facts", "protocols"},
    "discover": {"judge", "facts", "cluster", "tables", "source"},
    "report": {
        "difference",
        "causes",
        "judge",
        "plan",
        "facts",
        "cluster",
        "tables",
        "observe",
        "version",
        "source",
    },
    "pack": {
        "cluster",
        "difference",
        "report",
        "causes",
        "judge",
        "plan",
        "facts",
        "source",
        "version",
    },
    "lab": {"source", "cluster", "tables", "version"},
    "runner": {
        "pack",
        "report",
        "difference",
        "causes",
        "judge",
        "observe",
        "facts",
        "plan",
        "cluster",
        "tables",
        "source",
    },
    "cli": {
        "discover",
        "observe",
        "facts",
        "pack",
        "report",
        "difference",
        "plan",
        "cluster",
        "tables",
        "source",
        "lab",
        "version",
    },
}
"""Each package of the project and what it may know. ARCHITECTURE.md draws the same."""

EVERYWHERE = {"internal_error", "text"}
"""What all packages may know."""

ONLY_IN = {"pytest": {"runner"}, "testinfra": {"observe", "runner"}, "yaml": {"source", "lab"}}
"""Libraries that only some packages may meet."""


def _modules(package: str) -> list[Path]:
    return sorted((PACKAGE / package).rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_package_has_its_place() -> None:
    """A new package is placed among the layers before it is merged."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(MAY_IMPORT) == packages - {"suites"}


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_imports_point_one_way(package: str) -> None:
    """No stage knows of the ones behind it."""
    allowed = MAY_IMPORT[package] | {package} | EVERYWHERE
    wrong = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in _modules(package)
        for name in _imports(path)
        if name.startswith("pytest_portaswitch.") and name.split(".")[1] not in allowed
    }
    assert not wrong


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_met_in_its_place_only(library: str) -> None:
    """So that it can be replaced, and read about, in one place."""
    wrong = {
        str(path.relative_to(PACKAGE))
        for package in sorted(set(MAY_IMPORT) - ONLY_IN[library])
        for path in _modules(package)
        for name in _imports(path)
        if name.split(".")[0] == library
    }
    assert not wrong


def test_modules_stay_small() -> None:
    """Past 300 lines something wants out."""
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 300
    }
    assert not long
