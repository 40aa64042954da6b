"""What a fuzzer runs: a function of bytes, and what must hold whatever the bytes are."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SECONDS = 5.0
"""Of processor time for one input; each takes milliseconds."""

LONGEST = 1 << 22
"""Characters that may come of one input of a few kilobytes."""

CORPUS = Path(__file__).parent / "corpus"

SEPARATOR = b"\n--\n"
"""Between the pieces of an input that has several: replies, certificates, lines of a log."""


@dataclass(frozen=True)
class Target:
    """One reader of bytes from outside."""

    run: Callable[[bytes], Iterable[str]]
    """Reads the bytes and yields the texts that people would see. Asserts what it knows beside."""
    seeds: Callable[[], Iterator[bytes]]
    """Inputs to begin with: what hosts, peers and people really sent."""
    largest: int = 4096
    lines: bool = False
    """Whether texts may have line ends."""


def check(target: Target, data: bytes) -> None:
    """Nothing is raised, it takes a bounded time, and what is shown is clean and bounded."""
    began = time.process_time()
    texts = list(target.run(data))
    took = time.process_time() - began
    assert took < SECONDS, f"took {took:.1f} s"
    assert sum(map(len, texts)) <= LONGEST, "shows too much"
    for text in texts:
        harmful = {c for c in text if is_harmful(c)} - ({"\n"} if target.lines else set())
        assert not harmful, f"shows {sorted(map(ascii, harmful))}"


def is_harmful(character: str) -> bool:
    """Controls, line and paragraph separators, what turns text round or is no character."""
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or (kind == "Cf" and character != "\u00ad")


def pieces(data: bytes, most: int = 8) -> tuple[bytes, ...]:
    """The pieces of an input."""
    return tuple(data.split(SEPARATOR)[:most])


def kept(name: str) -> Iterator[bytes]:
    """The inputs of a target that once broke it, or reached code that no seed reaches."""
    for path in sorted((CORPUS / name.replace(":", "-")).glob("*")):
        yield path.read_bytes()
