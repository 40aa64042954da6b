"""Which DB servers are written to, and who asks each of them whether it takes that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.check import Check, Reaches
from pytest_portaswitch.plan.effective import EffectiveRow
from pytest_portaswitch.plan.place import Writes


def marked(checks: Iterable[Check], rows: Iterable[EffectiveRow], cluster: Cluster) -> list[Check]:
    """The checks, of which those that reach a server to write say who asks it.

    Without an account nobody could ask. Each server is asked once, from a peer of it.
    """
    checks = list(checks)
    if not cluster.replica.account:
        return checks
    only_read = {each.row.id for each in rows if each.row.select_only}
    sources: dict[str, list[str]] = defaultdict(list)
    places: dict[str, set[str]] = defaultdict(set)
    for check in checks:
        expects = check.expects
        if _is_written(check, only_read) and isinstance(expects, Reaches):
            sources[expects.destination.address].append(expects.source)
            places[check.row].add(expects.destination.address)
    account = cluster.replica.account
    return [
        _marked(check, check.expects, sources, places, account)
        if _is_written(check, only_read) and isinstance(check.expects, Reaches)
        else check
        for check in checks
    ]


def _is_written(check: Check, only_read: set[str]) -> bool:
    expects = check.expects
    reached = isinstance(expects, Reaches) and expects.protocol == "mysql"
    return reached and check.row not in only_read


def _marked(
    check: Check,
    expects: Reaches,
    sources: dict[str, list[str]],
    places: dict[str, set[str]],
    account: str,
) -> Check:
    place = expects.destination
    # From another host, as any peer does.
    who = min(sources[place.address], key=lambda name: (name in place.hosts, name))
    others = tuple(sorted(places[check.row] - {place.address}))
    writes = Writes(source=who, account=account, others=others)
    return msgspec.structs.replace(check, expects=msgspec.structs.replace(expects, writes=writes))
