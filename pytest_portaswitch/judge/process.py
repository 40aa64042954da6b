"""Does the process of a subcomponent run?"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_portaswitch.facts.model import HostFacts, Process
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.restarted import restarts
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict, warned
from pytest_portaswitch.plan.check import Check, Runs
from pytest_portaswitch.tables.row import ProcessPattern
from pytest_portaswitch.text.command import Command, end_of_options, on, shell


def judge_process(check: Check, expects: Runs, facts: Facts) -> Verdict:
    """Holds when a living, not stopped process matches the pattern."""
    pattern = expects.process
    expected = f"a process of {check.subcomponent} on {expects.host}"
    host = facts_of(expects.host, facts, expected)
    if isinstance(host, Verdict):
        return host
    why = host.gap("processes")
    if why:
        return gap(host.host, "processes", why, expected)
    search = shell("grep", "-P", *end_of_options(pattern.match), pattern.match)
    reproduce = on(host.host, f"ps -eww -o args= | {search}")
    found = seen.processes_matching(host, pattern)
    evidence = tuple(seen.command_line(process) for process in found[:5])
    if not found:
        return missing_process(check, host, facts, pattern, expected, reproduce)
    if all_stopped(found):
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{seen.process_words(found)} is stopped",
            cause=stopped_cause(host, check.subcomponent, found),
            fault=fault("frozen", host.host, check.subcomponent),
            evidence=evidence,
            reproduce=reproduce,
        )
    runs = Verdict(
        verdict="pass",
        expected=expected,
        observed=f"{seen.process_words(found)} runs",
        evidence=evidence,
        reproduce=reproduce,
    )
    return warned(runs, restarts(check.subcomponent, host, pattern, expects.restarted_hours))


def missing_process(
    check: Check,
    host: HostFacts,
    facts: Facts,
    pattern: ProcessPattern,
    expected: str,
    reproduce: Command,
) -> Verdict:
    """A failure where the name is known, be it from another host of the role; else unknown.

    Of a process that runs in a container alone nobody can tell whether it is meant.
    """
    evidence = [looked_for(pattern)]
    if inside := seen.contained(host, pattern):
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=expected,
            observed=f"{seen.process_words(inside)} runs in a container, and none outside of one",
            cause=f"whether {check.subcomponent} on {host.host} is the one in a container is not "
            f"known; {pin(check, more=', container: true')}",
            fault=fault("in-a-container", host.host, check.subcomponent),
            evidence=tuple(map(seen.command_line, inside[:5])),
            reproduce=reproduce,
        )
    if pattern.confidence == "assumed":
        other, running = next(seen.others_running(facts, host.host, pattern), (None, ()))
        if other is None:
            return Verdict(
                verdict="unknown",
                why_unknown="not-assessable",
                expected=expected,
                observed=f"no process of {host.host} is called so, but the name is only assumed",
                cause=f"the process name of {check.subcomponent} is not known; {pin(check)}",
                fault=fault("name-not-known", check.subcomponent),
                evidence=tuple(evidence),
                reproduce=reproduce,
            )
        evidence.append(f"on {other.host} it is called so: {seen.command_line(running[0])}")
    return Verdict(
        verdict="fail",
        expected=expected,
        observed=f"no process of {host.host} is called so",
        cause=f"{check.subcomponent} is not running on {host.host}",
        fault=fault("not-running", host.host, check.subcomponent),
        evidence=tuple(evidence),
        reproduce=reproduce,
    )


def looked_for(pattern: ProcessPattern) -> str:
    """What the process would be called, how surely, and who says so."""
    source = f", {pattern.source}" if pattern.source else ""
    return f"looked for a process matching '{pattern.label}' ({pattern.confidence}{source})"


def pin(check: Check, subcomponent: str = "", more: str = "") -> str:
    """How to say in the cluster file what the process is called."""
    return (
        f"pin it in the cluster file: processes: {{{subcomponent or check.subcomponent}: "
        f"{{match: 'REGEX'{more}}}}}"
    )


def all_stopped(processes: Iterable[Process]) -> bool:
    """Whether every one of them was stopped: they hold their sockets and serve nobody."""
    return all(process.state in seen.STOPPED for process in processes)


def stopped_cause(host: HostFacts, subcomponent: str, processes: tuple[Process, ...]) -> str:
    """The same words whichever check finds it."""
    return f"{subcomponent} is frozen on {host.host}: its process is stopped (state T)"
