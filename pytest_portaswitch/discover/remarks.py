"""What a draft asks, for whoever has a cluster file already. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

_PROPOSED = ("virtual_ips", "processes", "secrets", "not_in_use", "replica", "tls")
"""Keys that a draft proposes in comments."""


def remarks(draft: str, has: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """The comments of a draft that belong to no entry: what it asks, and could not tell apart.

    Proposals for a key that the file ``has`` are left out with the words before them, and so are
    those about a subcomponent of which it speaks (``known``).
    """
    lines = draft.split("\n")
    first = next((at for at, line in enumerate(lines) if line and not line.startswith("#")), 0)
    found: list[str] = []
    prose: list[str] = []
    block: list[str] = []

    def flush(*, is_whole: bool = True) -> None:
        if block and is_whole:
            items = [line for line in block[1:] if not _speaks_of(line, known)]
            if items or len(block) == 1:
                found.extend((*prose, block[0], *items))
        elif is_whole:
            found.extend(prose)
        prose.clear()
        block.clear()

    dropped = False
    for line in (line for line in lines[first:] if line.startswith("#")):
        key = re.match(r"# ([a-z_]+):", line)
        if key and key[1] in _PROPOSED:
            if block or dropped:
                flush(is_whole=not dropped)
            dropped = key[1] in has and key[1] != "not_in_use"
            block.append(line)
        elif line.startswith("#   ") and block:
            block.append(line)
        else:
            if block:
                flush(is_whole=not dropped)
                dropped = False
            pin = re.search(r"processes: \{'?([a-z][\w-]*)", line)
            if pin is None:
                prose.append(line)
            elif pin[1] not in known:
                found.append(line)
    flush(is_whole=not dropped)
    return tuple(found)


def _speaks_of(line: str, known: Collection[str]) -> bool:
    found = re.search(r"subcomponent: '?([\w-]+)", line)
    return found is not None and found[1] in known
