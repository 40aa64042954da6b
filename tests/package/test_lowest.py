"""The oldest dependencies that the project allows suffice: what is promised to pip was tried."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TESTS = (
    "tests/plugin/test_html.py",
    "tests/plugin/test_shipped.py",
    "tests/unit/protocols/test_cases.py",
)
"""Whole runs, with pytest-html and xdist too, and every protocol."""


def lowest() -> list[str]:
    """Each dependency of the project and its extras at its lower bound."""
    pinned = []
    for text in metadata.requires("pytest-portaswitch") or ():
        demand = Requirement(text)
        (bound,) = demand.specifier
        assert bound.operator == ">=", f"{text} has something else than a lower bound"
        pinned.append(f"{demand.name}=={bound.version}")
    return pinned


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with these, and with this tree."""
    folder = tmp_path_factory.mktemp("lowest") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, *lowest(), "hypothesis"], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", str(ROOT)], check=True)
    return python


def test_the_oldest_dependencies_suffice(python: Path) -> None:
    """With the versions that pyproject.toml names, to the letter."""
    command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "-q", *TESTS]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
