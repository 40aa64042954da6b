"""Verdicts for what nobody could look at."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.facts.model import HostFacts, Observation, Unobserved, WhyUnobserved
from pytest_portaswitch.internal_error import REPORT, InternalError
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.verdict import Verdict

Facts = Mapping[str, Observation]
"""Observations by host name."""

INTERNAL_ERROR = "internal-error"
"""The code of what a fault of this program has cost. Its subject is the place of the fault."""


def facts_of(host: str, facts: Facts, expected: str) -> HostFacts | Verdict:
    """The facts of a host, or the verdict that follows from having none."""
    seen = facts.get(host)
    if isinstance(seen, HostFacts):
        return seen
    if isinstance(seen, Unobserved) and seen.why == "internal-error":
        return internal_error(expected, f"no facts of {host}", recorded(seen))
    if isinstance(seen, Unobserved):
        why = f"could not be looked at: {seen.detail} [{seen.why}]"
        found = fault(unseen_code(seen), host, detail=seen.detail)
        return not_observed(expected, host, why, found)
    found = fault("not-looked-at", host)
    return not_observed(expected, host, "was not looked at in this run", found)


_CODES: dict[WhyUnobserved, str] = {
    "authentication-failed": "login-refused",
    "host-key-changed": "login-refused",
    "host-key-unknown": "login-refused",
    "host-certificate-invalid": "login-refused",
    "no-common-algorithm": "login-refused",
    "key-unusable": "login-refused",
    "login-denied": "login-refused",
    "sudo-refused": "sudo-refused",
    "hung-after-login": "login-broken",
    "no-session": "login-broken",
    "no-shell": "login-broken",
    "program-died": "login-broken",
    "output-unparsable": "login-broken",
    "output-too-large": "login-broken",
    "client-failed": "client-failed",
    "not-observed": "not-looked-at",
    "internal-error": INTERNAL_ERROR,
}
"""What was met on the way to the host; all the others mean that there was no way."""


def unseen_code(unseen: Unobserved) -> str:
    """The code of the fault of a host that could not be looked at."""
    return _CODES.get(unseen.why, "unreachable")


def not_observed(expected: str, host: str, why: str, found: Fault) -> Verdict:
    """Unknown, because there are no facts of a host."""
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"no facts of {host}",
        cause=f"{host} {why}",
        fault=found,
    )


def gap(host: str, what: str, why: str, expected: str) -> Verdict:
    """Unknown, because one thing could not be seen on a host that otherwise answered."""
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"{what} of {host} could not be seen: {why}",
        cause=f"{what} of {host} not visible: {why}",
        # Each missing probe has its own words; one reason stands behind all of them.
        fault=fault("not-visible", host, what.partition(" ")[0], detail=why),
    )


def internal_error(expected: str, lost: str, error: InternalError) -> Verdict:
    """Unknown, because of a fault of this program. ``lost``: what it has cost, in words."""
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"{lost}: {error.title}",
        cause=error.title,
        fault=fault(INTERNAL_ERROR, error.place, detail=error.exception),
        evidence=(f"{error.line}; {REPORT}",),
    )


def recorded(seen: Observation, subject: str = "") -> InternalError:
    """The fault of this program that a host's facts have of a probe; without one, the first."""
    found = [one for one in seen.internal_errors if one.subject == subject]
    return next(
        iter((*found, *seen.internal_errors)),
        # In evidence that somebody has altered.
        InternalError(
            stage="host-session", subject=subject, place="an unknown place", exception="-"
        ),
    )
