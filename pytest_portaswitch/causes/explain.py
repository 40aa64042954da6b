"""From checks, verdicts and facts to causes. Pure, and the same whatever the order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

import msgspec

from pytest_portaswitch.causes import kinds, moved, paths
from pytest_portaswitch.causes.attribute import Attribution, by_words
from pytest_portaswitch.causes.cause import Cause, Effect, Severity
from pytest_portaswitch.causes.impact import Impacts
from pytest_portaswitch.causes.item import Item, items_of
from pytest_portaswitch.causes.landscape import Landscape
from pytest_portaswitch.cluster.by_hand import paste
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.judge.fault import Fault
from pytest_portaswitch.judge.shared_login import SharedFailure, details
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check

SEEN = 5
"""Lines of what was seen; the checks have the rest."""

GRAVEST: tuple[Severity, ...] = get_args(Severity)
EFFECTS: tuple[Effect, ...] = get_args(Effect)


class Explained(NamedTuple):
    """The causes, and what this program could not do for them."""

    causes: tuple[Cause, ...]
    internal_errors: tuple[InternalError, ...] = ()


_Member = tuple[Fault, Item]


class _Groups(NamedTuple):
    """Checks that have one cause, by its fault, and what is said of the causes."""

    members: Mapping[tuple[str, tuple[str, ...]], Sequence[_Member]]
    blocks: paths.Blocks
    impacts: Impacts
    shared: Mapping[str, SharedFailure]


def explain(
    checks: Sequence[Check],
    verdicts: Mapping[str, Verdict],
    facts: Mapping[str, Observation],
    planned: Sequence[Check] | None = None,
    logins: Mapping[str, Login] | None = None,
) -> tuple[Cause, ...]:
    """What explains all checks that do not pass, or warn: the gravest first.

    Each of those checks belongs to exactly one cause; verdict, effect and size decide which comes
    first. ``planned`` are all checks of the cluster, where only some were judged: of what was left
    out it is not said that it is down. ``logins`` by host: how to get there by hand.
    """
    return explained(checks, verdicts, facts, planned, logins).causes


def explained(
    checks: Sequence[Check],
    verdicts: Mapping[str, Verdict],
    facts: Mapping[str, Observation],
    planned: Sequence[Check] | None = None,
    logins: Mapping[str, Login] | None = None,
) -> Explained:
    """The same, with the faults of this program that it met: it never raises.

    Where no cause can be found, each check is put under what its own judge said.
    """
    items = items_of(checks, verdicts)
    errors: list[InternalError] = []
    causes: list[Cause] = []
    groups = attempt("causes", "all causes", _groups, items, facts, planned or checks, logins or {})
    if isinstance(groups, InternalError):
        errors.append(groups)
        causes += [_plain_cause(own, groups, logins or {}) for own in _by_own_words(items)]
    else:
        for _, members in sorted(groups.members.items()):
            name = _id(members[0][0])
            found = attempt("causes", name, _cause, members, items, facts, groups, logins or {})
            if isinstance(found, InternalError):
                errors.append(found)
                found = _plain_cause(members, found, logins or {})
            causes.append(found)
    return Explained(tuple(sorted(causes, key=_rank)), tuple(errors))


def _groups(
    items: Sequence[Item],
    facts: Mapping[str, Observation],
    planned: Sequence[Check],
    logins: Mapping[str, Login],
) -> _Groups:
    attribution = Attribution(items, facts, logins)
    explained: dict[tuple[str, tuple[str, ...]], list[_Member]] = {}
    between: list[Item] = []
    following = {i.check.id: probe for i in items if (probe := attribution.followed(i))}
    for item in items:
        if (item.holds and not item.warns) or item.check.id in following:
            continue
        found = attribution.fault_of(item)
        if found is None:
            between.append(item)
        else:
            explained.setdefault((found.code, found.subject), []).append((found, item))
    blocks = paths.blocks(between, items, attribution.severed)
    for item in between:
        found = blocks.faults[item.check.id]
        explained.setdefault((found.code, found.subject), []).append((found, item))
    known = {i.check.id: (key, f) for key, own in explained.items() for f, i in own}
    for item in (item for item in items if item.check.id in following):
        key, found = known[following[item.check.id].check.id]
        explained[key].append((found, item))
    broken = {
        item.check.id
        for members in explained.values()
        if any(item.verdict.verdict == "fail" for _, item in members)
        for _, item in members
        if not item.holds
    }
    impacts = Impacts(Landscape(planned, items, broken))
    return _Groups(explained, blocks, impacts, attribution.shared)


def _by_own_words(items: Sequence[Item]) -> Sequence[Sequence[_Member]]:
    """All that do not pass, or warn, by nothing but what their judges said."""
    groups: dict[tuple[str, tuple[str, ...]], list[_Member]] = {}
    for item in items:
        if not item.holds or item.warns:
            found = item.verdict.fault or by_words(item)
            groups.setdefault((found.code, found.subject), []).append((found, item))
    return [groups[key] for key in sorted(groups)]


def _plain_cause(
    members: Sequence[_Member], error: InternalError, logins: Mapping[str, Login]
) -> Cause:
    """What can be said of some checks where more could not be found out."""
    mine = [item for _, item in members]
    worst = min(mine, key=lambda item: GRAVEST.index(_severity(item.verdict)))
    said = [by_words(item).subject[0] for item in mine]
    return Cause(
        id=_id(members[0][0]),
        kind=members[0][0].code,
        title=by_words(worst).subject[0],
        severity=_severity(worst.verdict),
        seen=tuple(dict.fromkeys(said))[:SEEN],
        checks=tuple(sorted(item.check.id for item in mine)),
        effect="unknown",
        impact=f"what it takes down could not be found out: {error.title}",
        next=paste(worst.verdict.reproduce, logins),
    )


def _rank(cause: Cause) -> tuple[int, int, int, str]:
    severity, effect = GRAVEST.index(cause.severity), EFFECTS.index(cause.effect)
    return (severity, effect, -len(cause.checks), cause.id)


def _cause(
    members: Sequence[_Member],
    items: Sequence[Item],
    facts: Mapping[str, Observation],
    groups: _Groups,
    logins: Mapping[str, Login],
) -> Cause:
    blocks = groups.blocks
    mine = [item for _, item in members]
    # A title has the words of whoever looked closest: those of the service's own host.
    fault = min(members, key=lambda m: (m[1].path is not None, not m[0].detail, m[1].check.id))[0]
    instead = tuple(dict.fromkeys(p for item in mine for p in moved.elsewhere(item, items, facts)))
    if instead:
        fault = msgspec.structs.replace(fault, code="wrong-port", detail=", ".join(instead))
    severity = min((_severity(item.verdict) for item in mine), key=GRAVEST.index)
    impact = groups.impacts.of(mine, severity)
    own = members[0][0]
    title = blocks.titles.get(own) or kinds.title(fault, mine, kinds.ports_of(mine, own), items)
    seen = _seen(mine, title, own)
    if own.code == kinds.LOGIN_SETTINGS:
        # What each check saw of it is that there are no facts.
        seen = tuple(details(groups.shared[own.subject[1]], facts, SEEN))
    if own in blocks.remaining:
        seen = (*seen[: SEEN - 1], blocks.remaining[own])
    return Cause(
        id=_id(fault),
        kind=fault.code,
        title=title,
        severity=severity,
        seen=seen,
        checks=tuple(sorted(item.check.id for item in mine)),
        effect=impact.effect,
        impact=impact.words,
        next=kinds.next_step(fault, mine, logins, facts),
    )


def _severity(verdict: Verdict) -> Severity:
    if verdict.verdict == "pass":
        return "warning"
    if verdict.verdict == "unknown":
        return verdict.why_unknown or "not-observed"
    return "waived" if verdict.verdict == "waived" else "failed"


def _seen(items: Sequence[Item], title: str, own: Fault) -> tuple[str, ...]:
    """What the checks observed or warn of, that of the host itself first, each line once."""
    telling = sorted(
        items,
        key=lambda i: (i.follows, i.path is not None, i.verdict.fault != own, i.check.id),
    )
    lines = [
        line.removeprefix(f"{title}: ")
        for item in telling
        for line in (item.verdict.warnings if item.warns else (item.verdict.observed,))
    ]
    return tuple(dict.fromkeys(lines))[:SEEN]


def _id(fault: Fault) -> str:
    """Kind and subject. What has only words is told apart by a checksum of them."""
    if fault.code == "other":
        return f"other:{hashlib.sha256(fault.subject[0].encode()).hexdigest()[:10]}"
    return ":".join([fault.code, *(re.sub(r"[^\w.+-]+", "-", part) for part in fault.subject)])
