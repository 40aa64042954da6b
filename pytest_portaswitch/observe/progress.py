"""A progress bar while hosts are looked at, for those who watch a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from pytest_portaswitch.facts.model import Observation


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
    # Rich takes a tenth of a second to load, for which nobody should wait who watches nothing.
    from pytest_portaswitch.observe.bar import show

    with show(total, title, names, stream) as advance:
        yield advance
