"""Finds the suites for someone who has the wheel and no clone, and names what is in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_portaswitch.runner import stash
from pytest_portaswitch.text import show
from pytest_portaswitch.text.command import shell

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
    return [_pointed(argument, folder, bases) for argument in arguments]


def _pointed(argument: str, folder: Path, bases: Sequence[Path]) -> str:
    path, separator, test = argument.partition("::")
    meant = _meant(path, bases)
    for suites in (base / NAME for base in bases):
        if meant.is_relative_to(suites) and not meant.exists():
            shipped = folder / meant.relative_to(suites)
            if shipped.exists() or not suites.exists():
                return f"{shipped}{separator}{test}"
    return argument


def _meant(path: str, bases: Sequence[Path]) -> Path:
    return Path(os.path.normpath(bases[0] / path))


def refuse_other_suites(config: pytest.Config) -> None:
    """Raises pytest.UsageError where ``suites`` is a folder of the site that lacks shipped modules.

    Its tests would run in place of the audit, and pass.
    """
    folder = shipped()
    if folder is None:
        return
    bases = (config.invocation_params.dir, config.rootpath)
    modules = _modules(folder)
    for argument in config.args:
        meant = _meant(argument, bases)
        if meant not in [base / NAME for base in bases] or not meant.is_dir():
            continue
        lacking = _lacking(meant, modules)
        if not lacking:
            continue
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        own = next((path.name for path in sorted(meant.glob("test_*.py"))), "test_own.py")
        raise pytest.UsageError(
            show.line(
                f"{argument}: the folder {meant} stands in the place of the shipped suites, and "
                f"lacks {lacking[0]}{more}: rename it; until then {folder} is the audit, and "
                f"{argument.rstrip('/')}/{own} is a test of your own"
            )
        )


def _modules(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("test_*.py"))


def _lacking(folder: Path, modules: Sequence[str]) -> list[str]:
    return [name for name in modules if not (folder / name).exists()]


def demand_cluster_file(config: pytest.Config) -> None:
    """Raises pytest.UsageError where the suites are to run and there is no cluster to audit."""
    folder = shipped()
    if folder is None or config.stash.get(stash.AUDITS, None):
        return
    bases = (config.invocation_params.dir, config.rootpath)
    copies = [base / NAME for base in bases if not _lacking(base / NAME, _modules(folder))]
    asked = [_meant(argument.partition("::")[0], bases) for argument in config.args]
    if any(path.is_relative_to(suites) for path in asked for suites in (folder, *copies)):
        command = shell("pytest", *map(str, config.invocation_params.args), "--cluster=FILE")
        raise pytest.UsageError(show.line(f"{stash.NO_CLUSTER}: {command}"))


def demand_tests(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Raises pytest.UsageError where there is a cluster to audit and not one test."""
    if items:
        return
    given = config.getoption("--cluster")
    command = shell("pytest", NAME, *(f"--cluster={path}" for path in given))
    why = f"no test was found, so nothing is audited: the shipped ones are called {NAME}: {command}"
    raise pytest.UsageError(show.line(why))


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
