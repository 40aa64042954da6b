"""The ini file of the folder where pytest was started is read, or the run says why not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .conftest import Site

BANANA = "portaswitch_host_timeout: 'banana': must be a number of seconds from 0.1 to 3600"


@pytest.fixture
def elsewhere(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster file far from the folder of the site, which has an ini file and no suites."""
    site._write()
    shutil.rmtree(site.path / "suites")
    (site.path / "pytest.ini").write_text("[pytest]\nportaswitch_host_timeout = banana\n")
    return Path(shutil.move(site.path / "acme.yaml", tmp_path_factory.mktemp("elsewhere")))


def run(site: Site, *arguments: str) -> pytest.RunResult:
    """Collect the shipped suites in the folder of the site."""
    return site.pytester.runpytest_inprocess("suites", *arguments, "--collect-only", "-q")


def test_an_ini_file_that_is_passed_over_stops_the_run(site: Site, elsewhere: Path) -> None:
    """And the two ways out of it work."""
    result = run(site, "--cluster", str(elsewhere))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: pytest.ini of this folder is not read (none is): pytest takes {elsewhere} for "
            "a test, and looks for its ini file there; "
            f"write --cluster={elsewhere}, or add -c pytest.ini"
        ]
    )
    for way in ([f"--cluster={elsewhere}"], ["--cluster", str(elsewhere), "-c", "pytest.ini"]):
        run(site, *way).stderr.fnmatch_lines([f"ERROR: {BANANA}"])


def test_the_file_that_is_read_instead_is_named(site: Site, elsewhere: Path) -> None:
    """So that nobody wonders whose settings they were."""
    other = elsewhere.with_name("tox.ini")
    other.write_text("[pytest]\n")
    result = run(site, "--cluster", str(elsewhere))
    result.stderr.fnmatch_lines([f"ERROR: pytest.ini of this folder is not read ({other} is): *"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\n"),
        ("tox.ini", "[pytest]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
    ],
)
def test_each_file_that_pytest_reads_is_known(
    site: Site, elsewhere: Path, name: str, text: str
) -> None:
    """And only with pytest's section in it."""
    (site.path / "pytest.ini").unlink()
    (site.path / name).write_text("[other]\n")
    assert run(site, "--cluster", str(elsewhere)).ret == 0
    (site.path / name).write_text(text)
    result = run(site, "--cluster", str(elsewhere))
    result.stderr.fnmatch_lines([f"ERROR: {name} of this folder is not read *"])
    assert run(site, f"--cluster={elsewhere}").ret == 0


def test_a_root_that_was_asked_for_is_nobodys_mistake(site: Site, elsewhere: Path) -> None:
    """The same for tests of another folder, whose ini file counts."""
    root = str(elsewhere.parent)
    assert run(site, "--cluster", str(elsewhere), f"--rootdir={root}").ret == 0
    (elsewhere.parent / "test_own.py").write_text("def test_own():\n    pass\n")
    arguments = [str(elsewhere.parent), "--cluster", str(elsewhere)]
    assert site.pytester.runpytest_inprocess(*arguments).ret == 0
