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


_SUGGEST = {
    "configuration": "config configuration configurator conf cfg",
    "billing": "bill billing ocs radius",
    "web": "web www admin",
    "dispatching-sbc": "sbc dsbc",
    "processing-node": "proc processing",
    "media-server": "media um",
    "logs": "log logs collector",
    "monitoring": "mon monitor monitoring nagios",
}
_ROLES = {word: role for role, several in _SUGGEST.items() for word in several.split()}
"""Words of host names that suggest a role. Of db or sip it cannot be told which one."""


def suggested_role(name: str) -> str:
    """The role that a host's name suggests, or empty where none or several."""
    # The domain behind it is that of all hosts.
    parts = re.split(r"[^a-z]+", name.partition(".")[0].lower())
    found = {_ROLES[word] for word in parts if word in _ROLES}
    return found.pop() if len(found) == 1 else ""


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
