"""From a check and the facts to a verdict: one judge for each thing a check can expect."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from pytest_portaswitch.cluster.model import Waiver
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.held import judge_held
from pytest_portaswitch.judge.hygiene import (
    judge_clock,
    judge_disk,
    judge_mtu,
    judge_release,
)
from pytest_portaswitch.judge.listener import judge_listener
from pytest_portaswitch.judge.not_in_use import judge_not_in_use
from pytest_portaswitch.judge.private_network import judge_connection, judge_private_interface
from pytest_portaswitch.judge.process import judge_process
from pytest_portaswitch.judge.reachability import judge_reachability
from pytest_portaswitch.judge.read_only import judge_read_only
from pytest_portaswitch.judge.redundancy import judge_holder, judge_standby
from pytest_portaswitch.judge.sampled import judge_sampled
from pytest_portaswitch.judge.tls import judge_tls, judge_unreadable
from pytest_portaswitch.judge.undeclared import judge_undeclared
from pytest_portaswitch.judge.unknown import Facts, internal_error
from pytest_portaswitch.judge.verdict import Unsettled, Verdict
from pytest_portaswitch.judge.waiver import excuse
from pytest_portaswitch.plan.check import (
    CannotAssess,
    Check,
    ClockAgrees,
    DiskFree,
    HasConnection,
    Holds,
    HoldsConnection,
    IsDescribed,
    IsNotInUse,
    Listens,
    MtuAgrees,
    NothingElse,
    Presents,
    Reaches,
    RefusesWrites,
    ReleaseAgrees,
    Runs,
    StandsBy,
    UsesPrivate,
)
from pytest_portaswitch.source.bounded_regex import TooSlow, Undecided

ADVICE = "; write it without repeats inside repeats"
"""What ends the cause of a verdict for whose pattern the time did not suffice."""


def _cannot(check: Check, expects: CannotAssess, facts: Facts) -> Verdict:
    return Verdict(
        verdict="unknown",
        why_unknown="not-assessable",
        expected=check.title,
        observed=expects.why,
        cause=f"{check.row} cannot be assessed: {expects.why}; {expects.fix}",
        fault=fault("not-in-table", check.row),
    )


def _described(check: Check, expects: IsDescribed, facts: Facts) -> Verdict:
    host, key = expects.host, expects.missing
    unknown, say = {
        "roles": (f"the roles of {host} are not known", "say them"),
        "private": (f"the private address of {host} is not known", "say it"),
    }[key]
    return Verdict(
        verdict="unknown",
        why_unknown="not-assessable",
        expected=check.title,
        observed=f"it says {key}: unknown",
        cause=f"{unknown}, so that no service is looked for there; {say}: hosts.{host}.{key}",
        fault=fault(f"{key}-not-known", host),
    )


_JUDGES: Mapping[type, Callable[[Check, Any, Facts], Verdict]] = {
    CannotAssess: _cannot,
    ClockAgrees: judge_clock,
    DiskFree: judge_disk,
    HasConnection: judge_connection,
    HoldsConnection: judge_held,
    Holds: judge_holder,
    IsDescribed: _described,
    IsNotInUse: judge_not_in_use,
    Listens: judge_listener,
    MtuAgrees: judge_mtu,
    NothingElse: judge_undeclared,
    Presents: judge_tls,
    Reaches: judge_reachability,
    RefusesWrites: judge_read_only,
    ReleaseAgrees: judge_release,
    Runs: judge_process,
    StandsBy: judge_standby,
    UsesPrivate: judge_private_interface,
}


def judge(check: Check, facts: Facts) -> Verdict:
    """The verdict that the facts bear out. Pure, so anyone can compute it again."""
    expects = check.expects
    try:
        if isinstance(expects, Reaches) and expects.sample:
            return judge_sampled(check, expects, facts)
        return _JUDGES[type(expects)](check, expects, facts)
    except Undecided as error:
        return undecided(check, error)


def assess(
    check: Check, facts: Facts, waivers: Sequence[Waiver], moment: datetime.datetime
) -> Verdict:
    """The verdict with the site's waivers applied, as of a moment; it never raises.

    A check whose judge fails is unknown. A failure of which it cannot be told whether it is excused
    stays a failure.
    """
    found = attempt("judging", check.id, judge, check, facts)
    if isinstance(found, InternalError):
        verdict = internal_error(check.title, "the check could not be judged", found)
        return msgspec.structs.replace(verdict, internal_error=found)
    excused = attempt("waivers", check.id, excuse, check.id, found, waivers, moment)
    if isinstance(excused, InternalError):
        cause = f"{found.cause} [no waiver could be applied: {excused.title}]"
        return msgspec.structs.replace(found, cause=cause, internal_error=excused)
    return excused


def unsettled(check: Check, found: Unsettled) -> Verdict | None:
    """The verdict of a machine that could not judge, made again; None: the check has none such."""
    if found.why == "pattern-too-slow":
        return undecided(check, TooSlow(found.what))
    expects = check.expects
    return judge_unreadable(expects, found.what) if isinstance(expects, Presents) else None


def undecided(check: Check, error: Undecided) -> Verdict:
    """Unknown, because a pattern of the check could not be matched."""
    why, is_slow = str(error), isinstance(error, TooSlow)
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=check.title,
        observed=why,
        cause=why + ADVICE if is_slow else why,
        fault=fault("pattern-too-slow", check.host, check.subcomponent, detail=why),
        unsettled=Unsettled(why="pattern-too-slow", what=error.pattern) if is_slow else None,
    )
