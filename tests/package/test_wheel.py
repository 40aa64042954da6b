"""Someone who installs the wheel needs no clone."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A fresh environment that sees this one's libraries, but not this clone."""
    folder = tmp_path_factory.mktemp("site") / "venv"
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    copied = [
        path
        for path in Path(libraries).iterdir()
        if "portaswitch" not in path.name and not path.name.startswith("__")
    ]
    for path in copied:
        (packages / path.name).symlink_to(path)
    return folder


def run(site: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the fresh environment away from the clone."""
    return subprocess.run(
        [str(site / "bin" / "python"), *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_carries_data_suites_and_lab(wheel: Path) -> None:
    """Everything that is not Python as well."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "pytest_portaswitch/py.typed",
        "pytest_portaswitch/tables/vendor.yaml",
        "pytest_portaswitch/tables/services.yaml",
        "pytest_portaswitch/observe/remote/fallback.sh",
        "pytest_portaswitch/lab/topologies/full.yaml",
        "pytest_portaswitch/suites/test_listeners.py",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "suites/", "benchmarks/"))]


def test_the_suites_run_without_a_clone(site: Path, tmp_path: Path) -> None:
    """As the README has it: pytest suites --cluster FILE."""
    cluster = ROOT / "tests" / "plugin" / "acme.yaml"
    command = ["-m", "pytest", "suites", "--cluster", str(cluster), "--collect-only", "-q"]
    result = run(site, tmp_path, *command)
    assert "173 tests collected" in result.stdout, result.stdout + result.stderr
    one = "suites/test_processes.py::test_process[web1:taskstack]"
    assert one in result.stdout
    # Also where the environment lies below pytest's root: its modules have a path from there.
    for folder in (tmp_path, site.parent):
        options = [f"--cluster={cluster}", "--collect-only", "-q"]
        result = run(site, folder, "-m", "pytest", one, *options)
        assert one in result.stdout, result.stdout + result.stderr
        assert "1 test collected" in result.stdout


def test_the_command_plans_without_a_clone(site: Path, tmp_path: Path) -> None:
    """And from the package's own tables."""
    cluster = ROOT / "tests" / "plugin" / "acme.yaml"
    result = run(site, tmp_path, "-m", "pytest_portaswitch", "plan", str(cluster))
    assert result.returncode == 0, result.stderr
    assert '"listener:bill1:radius:udp-1812"' in result.stdout


def test_pytest_rewrites_only_what_tests(site: Path, tmp_path: Path) -> None:
    """Its hook for assertions would load each module of the package in twice the time."""
    cluster = ROOT / "tests" / "plugin" / "acme.yaml"
    script = (
        "import collections, sys, pytest\n"
        f"pytest.main(['suites', '--cluster', {str(cluster)!r}, '--collect-only', '-q'])\n"
        "loaders = collections.defaultdict(list)\n"
        "for name, module in sys.modules.items():\n"
        "    if name.startswith(('pytest_portaswitch', 'test_')):\n"
        "        loaders[type(module.__spec__.loader).__name__].append(name)\n"
        "print('\\n'.join(sorted(loaders['AssertionRewritingHook'])))\n"
        "print(len(loaders['SourceFileLoader']) > 100)\n"
    )
    result = run(site, tmp_path, "-c", script)
    _, _, told = result.stdout.partition("173 tests collected")
    rewritten = told.splitlines()[1:]
    assert rewritten[-1] == "True", result.stdout + result.stderr
    suites = sorted(path.stem for path in (ROOT / "suites").glob("test_*.py"))
    # What is loaded before it can be said how.
    first = ["", ".runner", ".runner.own_modules", ".version"]
    assert rewritten[:-1] == [f"pytest_portaswitch{name}" for name in first] + suites
