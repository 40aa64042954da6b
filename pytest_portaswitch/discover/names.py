"""Names that hosts can have in a cluster file, each once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from pytest_portaswitch.cluster.words import is_host_name

_LONGEST = 63
_SAYS_NOTHING = re.compile(r"(localhost|ip6-localhost)(\..*)?", re.IGNORECASE)


def valid(words: str) -> str:
    """The words as a host name; empty where nothing of them can stand in one."""
    labels = (re.sub(r"[^A-Za-z0-9]+", "-", label).strip("-") for label in words.split("."))
    name = ".".join(label for label in labels if label)[:_LONGEST].rstrip("-.")
    return "" if _SAYS_NOTHING.fullmatch(name) else name


def of_address(address: str) -> str:
    """A name for a host of which nothing is known but where it is."""
    # An address can stand as a name, but reads as if it were what is connected to.
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return valid(address) or "host"
    return f"host-{re.sub('[.:]+', '-', address).strip('-')}"


def distinct(wanted: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Each name once, in any spelling; those of a lower rank (the number) keep theirs first."""
    taken: set[str] = set()
    found: dict[int, str] = {}
    for place in sorted(range(len(wanted)), key=lambda at: wanted[at][1]):
        name = wanted[place][0]
        number = 1
        while name.lower() in taken:
            number += 1
            end = f"-{number}"
            name = wanted[place][0][: _LONGEST - len(end)].rstrip("-.") + end
        assert is_host_name(name)
        taken.add(name.lower())
        found[place] = name
    return tuple(found[place] for place in range(len(wanted)))
