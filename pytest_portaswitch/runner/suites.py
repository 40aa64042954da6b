"""Finds the suites for someone who has the wheel and no clone, and names what is in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

NAME = "suites"


def shipped() -> Path | None:
    """The folder of the shipped suites."""
    package = Path(__file__).parents[1]
    # The wheel carries them inside the package; a clone has them beside it.
    return next((f for f in (package / NAME, package.parent / NAME) if f.is_dir()), None)


def find_suites(arguments: Sequence[str], folder: Path, bases: Sequence[Path]) -> list[str]:
    """Point ``suites`` and what lies under it to ``folder``, where a base has no such thing.

    Arguments are taken from the first base, where pytest was started. Another one is pytest's
    root: from below it, pytest prints ids that lead there.
    """
    lacking = [base / NAME for base in bases if not (base / NAME).exists()]
    return [_pointed(argument, folder, bases[0], lacking) for argument in arguments]


def _pointed(argument: str, folder: Path, here: Path, lacking: Sequence[Path]) -> str:
    path, separator, test = argument.partition("::")
    meant = Path(os.path.normpath(here / path))
    for suites in lacking:
        if meant.is_relative_to(suites):
            return f"{folder / meant.relative_to(suites)}{separator}{test}"
    return argument


class Shipped:
    """Names the tests of the shipped suites as a person selects them.

    pytest would name them by where they are installed, or not at all, depending on what was
    selected; and nobody could give it such a name back.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> pytest.Module | None:
        if not module_path.is_relative_to(self.folder):
            return None
        name = (NAME / module_path.relative_to(self.folder)).as_posix()
        module: pytest.Module = pytest.Module.from_parent(parent, path=module_path, nodeid=name)
        return module


def point_to_shipped(config: pytest.Config) -> None:
    """Have pytest collect the shipped suites where there are no others."""
    folder = shipped()
    if folder is None:
        return
    here = config.invocation_params.dir
    arguments = find_suites(config.args, folder, (here, config.rootpath))
    if arguments != config.args:
        config.args[:] = arguments
        config.pluginmanager.register(Shipped(folder), "portaswitch-suites")
