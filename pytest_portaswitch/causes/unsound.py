"""Paths that lose what is sent, put together: those of one host, or of many, are one cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.unsound import LOSSY, MTU

_OF_HOST = {LOSSY: "host-lossy", MTU: "host-mtu"}
_OF_NETWORK = {LOSSY: "network-lossy", MTU: "network-mtu"}
_PART_OF = {"tries-lost": LOSSY, "mtu": MTU}
"""What a check warns of, and the kind of path that explains it."""
_FEW = 2
"""So many hosts may each have trouble of their own; more, and it is what joins them."""


def unsound(
    items: Sequence[Item], hosts: Mapping[str, str]
) -> dict[tuple[str, tuple[str, ...]], Fault]:
    """By code and subject of a path: the fault that stands for it.

    ``hosts``: the host behind each place that is not one.
    """
    found: dict[str, dict[tuple[str, ...], Fault]] = defaultdict(dict)
    for item in items:
        own = item.verdict.fault
        if own is not None and own.code in _OF_HOST:
            found[own.code].setdefault(own.subject, own)
    return {
        (code, subject): together
        for code, paths in found.items()
        for subject, together in _together(code, paths, hosts).items()
    }


def consequence(item: Item, found: Iterable[Fault]) -> Fault | None:
    """The fault of a path of which a check's own warning is but a part, or None."""
    code = _PART_OF.get(item.code)
    if code is None:
        return None
    ends = {item.check.host, item.check.peer, *(item.path[:1] if item.path else ())}
    mine = (one for one in found if one.code in (code, _OF_HOST[code], _OF_NETWORK[code]))
    if code == LOSSY:
        # One path says nothing of another.
        mine = (one for one in mine if one.code != LOSSY)
    return next((one for one in mine if not one.subject or ends & set(one.subject)), None)


def _together(
    code: str, paths: Mapping[tuple[str, ...], Fault], hosts: Mapping[str, str]
) -> dict[tuple[str, ...], Fault]:
    ends = {subject: frozenset(hosts.get(name, name) for name in subject) for subject in paths}
    pairs = set(ends.values())
    chosen: list[str] = []
    left = set(pairs)
    while left:
        names = sorted({name for pair in left for name in pair})
        worst = max(names, key=lambda name: sum(name in pair for pair in left))
        chosen.append(worst)
        left = {pair for pair in left if worst not in pair}
    if len(chosen) > _FEW:
        detail = f"at {', '.join(sorted(chosen)[:_FEW])} and others"
        return dict.fromkeys(paths, fault(_OF_NETWORK[code], detail=detail))
    made = {}
    for subject, own in sorted(paths.items()):
        worst = next(name for name in chosen if name in ends[subject])
        mine = {pair for pair in pairs if worst in pair}
        first = next(paths[one] for one in sorted(paths) if ends[one] in mine)
        if len(mine) > 1:
            made[subject] = fault(_OF_HOST[code], worst, detail=first.detail)
        else:
            made[subject] = fault(code, *sorted(ends[subject]), detail=own.detail)
    return made
