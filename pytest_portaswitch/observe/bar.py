"""The progress bar on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pytest_portaswitch.facts.model import Observation, Unobserved

_NAMED = 4


@contextmanager
def show(
    total: int, title: str, names: Sequence[str], stream: TextIO
) -> Iterator[Callable[[str, Observation], None]]:
    """The bar of ``progress_bar`` on a stream that is a terminal."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("hosts"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[rest]}"),
        console=Console(file=stream, highlight=False),
        transient=True,
        # They stay whoever else they belong to: pytest captures them.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    awaited = list(names)
    unobserved = 0

    def rest() -> str:
        lost = f"{unobserved} not observed  " if unobserved else ""
        if not 0 < len(awaited) <= _NAMED:
            return lost
        return f"{lost}waiting for {escape(', '.join(awaited))}"

    def advance(name: str, observation: Observation) -> None:
        nonlocal unobserved
        if name in awaited:
            awaited.remove(name)
        unobserved += isinstance(observation, Unobserved)
        bar.update(task, advance=1, rest=rest())

    task = bar.add_task(escape(title), total=total, rest=rest())
    with bar:
        yield advance
