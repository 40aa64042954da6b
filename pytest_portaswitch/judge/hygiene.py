"""What an upgrade stumbles over: warnings, unless the cluster file makes them binding."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from pytest_portaswitch.facts.model import Clock, Disk, HostFacts
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict, warned
from pytest_portaswitch.plan.check import Check, ClockAgrees, DiskFree, MtuAgrees, ReleaseAgrees
from pytest_portaswitch.tables.release import numbers
from pytest_portaswitch.text.command import on, run

SHOWN = 10


def _found(good: Verdict, cause: str, code: str, host: str, binding: bool) -> Verdict:
    """A failure where it is binding, or else a pass with a warning."""
    if binding:
        return msgspec.structs.replace(good, verdict="fail", cause=cause, fault=fault(code, host))
    warnings = (f"{cause}: {good.observed}",)
    return msgspec.structs.replace(good, warnings=warnings, fault=fault(code, host, detail=cause))


def _untold(good: Verdict, cause: str, code: str, host: str) -> Verdict:
    """It was looked at and cannot be told."""
    return msgspec.structs.replace(
        good,
        verdict="unknown",
        why_unknown="not-assessable",
        cause=cause,
        fault=fault(code, host),
    )


def judge_clock(check: Check, expects: ClockAgrees, facts: Facts) -> Verdict:
    """Compares with the median of all clocks that were seen, the controller's among them.

    The host read its clock at some moment of the trip, so that its offset is known to half of
    the trip's length, which is said and never rounded away.
    """
    name = expects.host
    expected = f"the clock of {name} within {expects.bound} s of the others"
    host = facts_of(name, facts, expected)
    if isinstance(host, Verdict):
        return host
    if host.clock is None:
        return gap(name, "clock", host.gap("clock") or "it was not brought back", expected)
    known = [f.clock for n in expects.hosts if isinstance(f := facts.get(n), HostFacts) and f.clock]
    # The controller's own clock is a witness as well: by definition it is off by nothing.
    offsets = sorted([(0.0, 0.0), *(_offset(clock) for clock in known)])
    alone = len(known) < 2
    middle, blur = (0.0, 0.0) if alone else statistics.median_low(offsets)
    others = "" if alone else f"the median of {len(known)} hosts' clocks and "
    own, unsure = _offset(host.clock)
    difference, unsure = own - middle, unsure + blur
    good = Verdict(
        verdict="pass",
        expected=expected,
        observed=f"{difference:+.1f} s (+/- {unsure:.1f} s) from {others}this machine's",
        evidence=(f"{own:+.3f} s (+/- {unsure - blur:.3f} s) from this machine's clock",),
        reproduce=(*run(name, "date", "+%s.%N"), "; date +%s.%N"),
    )
    if abs(difference) + unsure <= expects.bound:
        return good
    if abs(difference) - unsure > expects.bound:
        cause = f"the clock of {name} is more than {expects.bound} s off"
        return _found(good, cause, "clock", name, expects.binding)
    cause = f"the trip to {name} took too long to tell its clock to {expects.bound} s"
    return _untold(good, cause, "clock-not-told", name)


def _offset(clock: Clock) -> tuple[float, float]:
    """By how much it is ahead of the controller's, and how far that may be wrong. Seconds."""
    half = (clock.received - clock.sent) / 2
    return clock.host - clock.sent - half, abs(half)


def judge_release(check: Check, expects: ReleaseAgrees, facts: Facts) -> Verdict:
    """Compares with the cluster file and other hosts, and says what waits on the other partition.

    A newer release there is a warning: what is audited is not what runs after the next start.
    """
    found = _judge_release(expects, facts)
    host = facts.get(expects.host)
    if not isinstance(host, HostFacts) or not host.inactive_release:
        return found
    words = f"{host.host} has {host.inactive_release} on its inactive partition"
    found = msgspec.structs.replace(found, evidence=(*found.evidence, f"{words} (/update_root)"))
    if not host.release or numbers(host.inactive_release) <= numbers(host.release):
        return found
    line = f"{words} (/update_root), newer than the {host.release} that runs: an update is prepared"
    return warned(found, [(line, fault("update-prepared", host.host, detail=words))])


def _judge_release(expects: ReleaseAgrees, facts: Facts) -> Verdict:
    """Compares with the cluster file, and with the hosts that share a role.

    Where hosts differ among each other, those that are in the minority are told, or all where
    there is none.
    """
    name = expects.host
    expected = f"{name} has the release of the hosts that share a role with it"
    if expects.release:
        expected += f", and {expects.release} as the cluster file says"
    host = facts_of(name, facts, expected)
    if isinstance(host, Verdict):
        return host
    good = Verdict(
        verdict="pass",
        expected=expected,
        observed=f"{name} has {host.release}",
        reproduce=run(name, "rpm", "-q", "--queryformat", "%{VERSION}", "porta-common"),
    )
    if not host.release:
        why = host.gap("release") or "it was not brought back"
        good = msgspec.structs.replace(good, observed=f"{name} does not tell its release: {why}")
        return _untold(good, f"the release of {name} is not known: {why}", "release-untold", name)
    if not _is_of(host.release, expects.release):
        return _found(
            good, f"{name} has another release than the cluster file says", "release", name,
            expects.binding,
        )  # fmt: skip
    others, unseen = _releases(expects, facts, expected)
    if not others:
        if expects.release:
            return good
        cause = f"no other host of the roles of {name} tells its release"
        return unseen[0] if unseen else _untold(good, cause, "release-untold", name)
    evidence = tuple(f"{other}: {release}" for other, release in list(others.items())[:SHOWN])
    good = msgspec.structs.replace(good, evidence=evidence)
    others = {o: release for o, release in others.items() if _is_of(release, expects.release)}
    if _agrees(host.release, list(others.values())):
        return good
    differing = [f"{o} has {release}" for o, release in others.items() if release != host.release]
    good = msgspec.structs.replace(good, observed=f"{good.observed}, {_several(differing)}")
    cause = f"{name} has another release than hosts of the same role"
    return _found(good, cause, "release", name, expects.binding)


def _releases(
    expects: ReleaseAgrees, facts: Facts, expected: str
) -> tuple[dict[str, str], list[Verdict]]:
    """What the others have, as far as they say; and the verdicts on those that were not seen."""
    told: dict[str, str] = {}
    unseen: list[Verdict] = []
    for other in expects.others:
        peer = facts_of(other, facts, expected)
        if isinstance(peer, Verdict):
            unseen.append(peer)
        elif peer.release:
            told[other] = peer.release
    return told, unseen


def _is_of(installed: str, declared: str) -> bool:
    """Whether what is installed is the declared release, or a maintenance release of it."""
    wanted = numbers(declared)
    return numbers(installed)[: len(wanted)] == wanted


def _agrees(own: object, others: Sequence[object]) -> bool:
    """Whether a value is that of all, or of more hosts than any other value."""
    counts = Counter([own, *others])
    return all(counts[own] > count for value, count in counts.items() if value != own)


def judge_disk(check: Check, expects: DiskFree, facts: Facts) -> Verdict:
    """Looks at each writable file system of the host's own."""
    name = expects.host
    expected = (
        f"each file system of {name} has {expects.space} % of its space free "
        f"and {expects.inodes} % of its inodes"
    )
    host = facts_of(name, facts, expected)
    if isinstance(host, Verdict):
        return host
    why = host.gap("disks") or ("" if host.disks else "no file system of its own was brought back")
    short = [words for disk in host.disks for words in _short(disk, expects)]
    seen_all = f"{len(host.disks)} file system{'' if len(host.disks) == 1 else 's'}"
    if host.disks:
        fullest = min(host.disks, key=lambda disk: _percent(disk.free, disk.size))
        seen_all += f", the fullest {_disk_words(fullest)}"
    good = Verdict(
        verdict="pass",
        expected=expected,
        observed=_several(short) or (f"{seen_all}; {why}" if why else seen_all),
        evidence=tuple(_disk_words(disk) for disk in host.disks[:SHOWN]),
        reproduce=on(name, "df -hl; df -hil"),
    )
    if not short and why:
        return _untold(good, f"the disks of {name} could not be seen: {why}", "disks-untold", name)
    if not short:
        return good
    return _found(good, f"{name} runs out of disk space", "disk", name, expects.binding)


def _short(disk: Disk, expects: DiskFree) -> Iterable[str]:
    if _percent(disk.free, disk.size) < expects.space:
        yield f"{disk.folder} has {_amount(disk.free)} free of {_amount(disk.size)}"
    if disk.inodes and _percent(disk.inodes_free, disk.inodes) < expects.inodes:
        yield f"{disk.folder} has {disk.inodes_free} inodes free of {disk.inodes}"


def _disk_words(disk: Disk) -> str:
    inodes = f", {_percent(disk.inodes_free, disk.inodes):.0f} % of inodes" if disk.inodes else ""
    free = f"{_percent(disk.free, disk.size):.0f} % of {_amount(disk.size)} free"
    return f"{disk.folder} ({disk.kind}): {free}{inodes}"


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _amount(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def judge_mtu(check: Check, expects: MtuAgrees, facts: Facts) -> Verdict:
    """Compares the private interface's with that of most hosts."""
    name = expects.host
    expected = f"the private interface of {name} has the MTU of the others"
    own: tuple[str, int] | None = None
    others: dict[str, int] = {}
    unseen: list[Verdict] = []
    for other, address in expects.addresses.items():
        host = facts_of(other, facts, expected)
        if not isinstance(host, Verdict) and (why := host.gap("interfaces")):
            host = gap(other, "interfaces", why, expected)
        if isinstance(host, Verdict):
            if other == name:
                return host
            unseen.append(host)
        elif mtu := _mtu(host, address):
            if other == name:
                own = mtu
            else:
                others[other] = mtu[1]
    address = expects.addresses[name]
    good = Verdict(
        verdict="pass",
        expected=expected,
        observed=f"no interface of {name} holds {address}",
        reproduce=run(name, "ip", "link", "show"),
    )
    if own is None:
        cause = f"{name} does not have its private address {address}"
        return _untold(good, cause, "no-private-address", name)
    good = msgspec.structs.replace(good, observed=f"{own[0]} of {name} has MTU {own[1]}")
    if not others:
        cause = f"no other host has its private address, to compare the MTU of {name} with"
        return unseen[0] if unseen else _untold(good, cause, "mtu-untold", name)
    differing = [f"{other} has {mtu}" for other, mtu in others.items() if mtu != own[1]]
    good = msgspec.structs.replace(
        good,
        observed=f"{good.observed}, {_several(differing) or f'as have {len(others)} others'}",
    )
    if _agrees(own[1], list(others.values())):
        return good
    cause = f"the private interface of {name} has another MTU than the others"
    return _found(good, cause, "mtu", name, expects.binding)


def _mtu(host: HostFacts, address: str) -> tuple[str, int] | None:
    held = addressing.holds(host, address)
    return next(((one.name, one.mtu) for one in host.interfaces if held and one.name == held), None)


def _several(words: Sequence[str]) -> str:
    shown = ", ".join(words[:3])
    return shown if len(words) <= 3 else f"{shown} and {len(words) - 3} more"
