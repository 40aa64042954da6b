"""From a check and the facts to a verdict: one judge for each thing a check can expect."""

from __future__ import annotations

from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.listener import judge_listener
from pytest_portaswitch.judge.private_network import judge_connection, judge_private_interface
from pytest_portaswitch.judge.process import judge_process
from pytest_portaswitch.judge.reachability import judge_reachability
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import (
    CannotAssess,
    Check,
    HasConnection,
    Listens,
    Reaches,
    Runs,
)


def judge(check: Check, facts: Facts) -> Verdict:
    """The verdict that the facts bear out. Pure, so anyone can compute it again."""
    expects = check.expects
    if isinstance(expects, Listens):
        return judge_listener(check, expects, facts)
    if isinstance(expects, Runs):
        return judge_process(check, expects, facts)
    if isinstance(expects, Reaches):
        return judge_reachability(check, expects, facts)
    if isinstance(expects, HasConnection):
        return judge_connection(check, expects, facts)
    if isinstance(expects, CannotAssess):
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=check.title,
            observed=expects.why,
            cause=f"{check.row} cannot be assessed: {expects.why}; {expects.fix}",
            fault=fault("not-in-table", check.row),
        )
    return judge_private_interface(check, expects, facts)
