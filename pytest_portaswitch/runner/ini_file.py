"""Sees to it that pytest reads the settings of the folder in which it was started.

pytest looks for its root, and so for its ini file, before it knows the options of plugins: the FILE
of ``--cluster FILE`` is a test's path to it then. Where ``suites`` are the shipped ones, it is the
only path there is.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from pytest_portaswitch.text import show
from pytest_portaswitch.text.command import quote

_SECTIONS = {
    "pytest.ini": r"",
    ".pytest.ini": r"",
    "pyproject.toml": r"^\[tool\.pytest\.ini_options\]",
    "tox.ini": r"^\[pytest\]",
    "setup.cfg": r"^\[tool:pytest\]",
}
"""What makes a file one that pytest reads."""

_PATHS = ("--cluster", "--tables", "--ca-bundle", "--baseline", "--audit-dir", "--sign")


def demand_ini_file(config: pytest.Config) -> None:
    """Raises pytest.UsageError where the ini file of this folder was passed over for an option."""
    if config.getoption("inifilename", None) or config.getoption("rootdir", None):
        return
    here = config.invocation_params.dir
    own = _ini_file(here)
    if own is None or own == config.inipath or _tests_elsewhere(config, here):
        return
    words = [*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *config.invocation_params.args]
    for option in _PATHS:
        given = config.getoption(option) or ()
        for value in (given,) if isinstance(given, str) else given:
            if value in words and (here / value).exists():
                read = f"{config.inipath} is" if config.inipath else "none is"
                why = (
                    f"{own.name} of this folder is not read ({read}): pytest takes {value} for a "
                    f"test, and looks for its ini file there; write {option}={quote(value)}, "
                    f"or add -c {own.name}"
                )
                raise pytest.UsageError(show.line(why))


def _ini_file(folder: Path) -> Path | None:
    for name, section in _SECTIONS.items():
        path = folder / name
        if path.is_file() and re.search(section, path.read_text(errors="replace"), re.MULTILINE):
            return path
    return None


def _tests_elsewhere(config: pytest.Config, here: Path) -> bool:
    """Whether tests of another folder were asked for, whose ini file counts."""
    paths = [Path(os.path.normpath(here / arg.partition("::")[0])) for arg in config.args]
    return any(path.exists() and not path.is_relative_to(here) for path in paths)
