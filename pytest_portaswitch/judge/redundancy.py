"""Is each virtual IP held by one host, and can the others take over?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.listener import judge_listener
from pytest_portaswitch.judge.private_network import reserved_address
from pytest_portaswitch.judge.process import judge_process
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict, warned
from pytest_portaswitch.judge.virtual_ip import holder_of
from pytest_portaswitch.plan.check import Check, Holds, Runs, StandsBy
from pytest_portaswitch.text.command import Command, run

_GRAVEST = ("fail", "unknown", "pass")


def judge_holder(check: Check, expects: Holds, facts: Facts) -> Verdict:
    """Holds when all of the group were seen, one has the address, and its services listen."""
    place = expects.place
    found = _judge_holder(check, expects, facts)
    if not expects.reserved:
        return found
    return warned(found, [reserved_address(place.address, place.name, expects.reserved)])


def _judge_holder(check: Check, expects: Holds, facts: Facts) -> Verdict:
    place = expects.place
    expected = (
        f"exactly one of {', '.join(place.hosts)} holds {place.address}, "
        "and what it serves listens there"
    )
    holder = holder_of(place, facts, expected)
    if isinstance(holder, Verdict):
        return holder
    verdicts = [judge_listener(check, listens, facts) for listens in expects.listens]
    worst = _gravest(verdicts)
    unseen = _unseen(place.hosts, facts, expected)
    if unseen is not None and (worst is None or worst.verdict != "fail"):
        # That the address is there once is known; that it is not there twice is not.
        return unseen
    if worst is not None and worst.verdict != "pass":
        return msgspec.structs.replace(worst, expected=expected)
    return Verdict(
        verdict="pass",
        expected=expected,
        observed=f"{holder.host} holds it at {addressing.uses(holder, place.address)}, alone",
        evidence=tuple(line for verdict in verdicts for line in verdict.evidence),
        reproduce=_by_hand(holder),
    )


def judge_standby(check: Check, expects: StandsBy, facts: Facts) -> Verdict:
    """Holds when each host of the group that does not hold the address can take over.

    What is surely wrong with one of them is said whatever else is wrong or was not seen.
    """
    place = expects.place
    expected = f"a standby of {check.subcomponent} behind {place.name}, able to take over"
    if len(place.hosts) == 1:
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"the cluster file names no host of {place.name} but {place.hosts[0]}",
            cause=f"virtual IP {place.name} has no standby",
            fault=fault("no-standby", place.name),
        )
    members = [
        host
        for name in place.hosts
        if isinstance(host := facts.get(name), HostFacts) and not host.gap("interfaces")
    ]
    holders = addressing.met_at(members, place.address)
    # Of several holders at most one should be: each of them may be the one that stands by.
    standbys = [host for host in members if host not in holders or len(holders) > 1]
    verdicts = [_ability(check, expects, host, facts, expected) for host in standbys]
    worst = _gravest(verdicts)
    if worst is not None and worst.verdict == "fail":
        return worst
    unseen = _unseen(place.hosts, facts, expected)
    if unseen is not None:
        # Even where its process is not the question: it may be the one that holds the address.
        return unseen
    if len(holders) > 1:
        twice = holder_of(place, facts, expected)
        assert isinstance(twice, Verdict)
        return twice
    assert worst is not None
    if worst.verdict != "pass":
        return worst
    return msgspec.structs.replace(
        worst,
        observed="; ".join(verdict.observed for verdict in verdicts),
        evidence=tuple(line for verdict in verdicts for line in verdict.evidence),
        warnings=tuple(line for verdict in verdicts for line in verdict.warnings),
        fault=next((verdict.fault for verdict in verdicts if verdict.warnings), None),
    )


def _ability(
    check: Check, expects: StandsBy, host: HostFacts, facts: Facts, expected: str
) -> Verdict:
    """Whether one host is able to take a subcomponent over."""
    runs = Runs(host=host.host, process=expects.process, restarted_hours=expects.restarted_hours)
    running = judge_process(check, runs, facts)
    running = msgspec.structs.replace(
        running, expected=expected, observed=f"{host.host}: {running.observed}"
    )
    if running.verdict == "pass" or expects.state == "running":
        return running
    if expects.state:
        return _installed(check, expects.state, host, expected)
    if running.verdict == "unknown":
        return running
    # Some are started by the takeover itself, so that not running is not yet a failure.
    return msgspec.structs.replace(
        running,
        verdict="unknown",
        why_unknown="not-assessable",
        cause=f"whether {check.subcomponent} runs on a standby of {expects.place.name} is not "
        f"known; say it in the cluster file: standby: {{{check.subcomponent}: running}}, "
        "or the path of the program",
        fault=fault("standby-not-known", expects.place.name, check.subcomponent),
    )


def _installed(check: Check, path: str, host: HostFacts, expected: str) -> Verdict:
    found = next((program for program in host.programs if program.path == path), None)
    if found is None or found.error:
        why = (found and found.error) or host.gap("programs") or "it was not brought back"
        return gap(host.host, "programs", f"{path}: {why}", expected)
    reproduce = run(host.host, "ls", "-l", path)
    if found.executable:
        return Verdict(
            verdict="pass",
            expected=expected,
            observed=f"{host.host}: {path} is installed",
            reproduce=reproduce,
        )
    what = "is not there" if not found.there else "is no program"
    return Verdict(
        verdict="fail",
        expected=expected,
        observed=f"{host.host}: {path} {what}, and no process of it runs",
        cause=f"{check.subcomponent} is not installed on standby {host.host}",
        fault=fault("not-installed", host.host, check.subcomponent),
        reproduce=reproduce,
    )


def _unseen(hosts: Iterable[str], facts: Facts, expected: str) -> Verdict | None:
    """The verdict that follows where not every host's addresses were seen."""
    for name in hosts:
        host = facts_of(name, facts, expected)
        if isinstance(host, Verdict):
            return host
        if why := host.gap("interfaces"):
            return gap(name, "interfaces", why, expected)
    return None


def _gravest(verdicts: list[Verdict]) -> Verdict | None:
    return min(verdicts, key=lambda verdict: _GRAVEST.index(verdict.verdict), default=None)


def _by_hand(host: HostFacts) -> Command:
    return run(host.host, "ip", "-brief", "address")
