"""What is lost by whom, and how that is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pytest_portaswitch.causes.cause import Effect
from pytest_portaswitch.causes.item import listed


class Loss(NamedTuple):
    """What one row's clients lose at one place, or may."""

    effect: Effect
    server: str
    clients: tuple[str, ...]
    """Hosts, or ``subcomponent on`` hosts for those that connect out."""
    outgoing: tuple[str, ...]
    rest: str
    purpose: str


def counted(number: int) -> str:
    """``1 check``, ``2 checks``."""
    return f"{number} check{'' if number == 1 else 's'}"


def conjugated(names: Sequence[str], verb: str, ending: str = "s") -> str:
    """The verb as it goes with so many subjects."""
    return verb if len(names) > 1 else verb + ending


def some(names: Sequence[str], most: int = 4) -> str:
    """The first few of many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def phrases_of(losses: Iterable[Loss]) -> Iterator[str]:
    """Losses that say the same of the same clients are one phrase."""
    rows: dict[tuple[Effect, str, str], list[Loss]] = defaultdict(list)
    for loss in losses:
        rows[loss.effect, loss.server, loss.rest].append(loss)
    merged: dict[tuple[Effect, tuple[str, ...], tuple[str, ...], str], list[Loss]] = {}
    for (effect, _, rest), found in rows.items():
        clients = tuple(sorted({host for loss in found for host in loss.clients}))
        outgoing = tuple(sorted({name for loss in found for name in loss.outgoing}))
        merged.setdefault((effect, clients, outgoing, rest), []).extend(found)
    for (effect, clients, outgoing, rest), found in merged.items():
        servers = list(dict.fromkeys(loss.server for loss in found))
        purposes = list(dict.fromkeys(loss.purpose for loss in found if loss.purpose))
        told = f" ({purposes[0]})" if len(purposes) == 1 else ""
        whom = f" for {some(outgoing)} on {listed(clients)}" if outgoing else ""
        if clients and not outgoing:
            whom = f" for {listed(clients)}"
        effect_words = effect.replace("-", " ")
        yield f"{some(servers)}{told}: {effect_words}{whom}, {rest}"
