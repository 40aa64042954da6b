"""A progress bar while hosts are looked at, for those who watch a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pytest_portaswitch.facts.model import Observation, Unobserved

_NAMED = 4


@contextmanager
def progress_bar(
    total: int, *, title: str = "", names: Sequence[str] = (), stream: TextIO | None = None
) -> Iterator[Callable[[str, Observation], None]]:
    """Show how many of ``total`` hosts are done, on ``stream`` (stderr) if it is a terminal.

    Gives a function that takes the name of a host that is done with, and what was seen of it.
    The bar shows the title (the cluster), how many hosts are done, how many of them could not be
    observed and, where ``names`` has the names of all, the last ones awaited. It leaves no trace
    on the screen. Where there is no terminal nothing is written.
    """
    stream = sys.stderr if stream is None else stream
    if not stream.isatty():
        yield lambda name, observation: None
        return
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
