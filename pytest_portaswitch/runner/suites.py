"""Finds the suites for someone who has the wheel and no clone."""

from __future__ import annotations

from pathlib import Path

NAME = "suites"


def find_suites(arguments: list[str], here: Path) -> list[str]:
    """Point ``suites`` and what lies under it to the shipped ones where there is no such folder."""
    if (here / NAME).exists():
        return arguments
    return [_shipped(argument) for argument in arguments]


def _shipped(argument: str) -> str:
    path, separator, test = argument.partition("::")
    first, *rest = Path(path).parts or ("",)
    if first != NAME:
        return argument
    package = Path(__file__).parents[1]
    # The wheel carries them inside the package; a clone has them beside it.
    folder = next(
        (folder for folder in (package / NAME, package.parent / NAME) if folder.is_dir()),
        None,
    )
    return argument if folder is None else f"{folder.joinpath(*rest)}{separator}{test}"
