"""Fixtures: for the suites, and for tests that a site writes itself."""

from __future__ import annotations

from typing import Any

import pytest
import testinfra.host

from pytest_portaswitch.facts.model import HostFacts, Unobserved
from pytest_portaswitch.internal_error import record
from pytest_portaswitch.runner import stash
from pytest_portaswitch.runner.audits import Audits, Ref
from pytest_portaswitch.runner.options import judges_nothing
from pytest_portaswitch.runner.outcome import Outcome, interrupt
from pytest_portaswitch.text import show


@pytest.fixture(scope="session")
def audits(pytestconfig: pytest.Config) -> Audits:
    """All clusters of this run: plans, facts and verdicts."""
    return stash.audits_of(pytestconfig)


def _audits(config: pytest.Config) -> Audits:
    """The audits, for a fixture that contacts hosts. Skips the test where none may be contacted:
    with ``--setup-only`` pytest sets fixtures up and runs no test."""
    if judges_nothing(config):
        pytest.skip("no test is run, so no host is contacted")
    return stash.audits_of(config)


def _asked(request: pytest.FixtureRequest) -> Any:
    """The check or host for which a test runs. Fails the test where it was not told one."""
    if hasattr(request, "param"):
        return request.param
    # pytest asks how often a test runs before it runs any of it.
    pytest.fail(
        f"{request.fixturename} must be an argument of the test or of a fixture that it names: "
        "request.getfixturevalue() asks for it too late",
        pytrace=False,
    )


@pytest.fixture
def audit_verdict(request: pytest.FixtureRequest) -> Outcome:
    """The verdict of one check; a test that asks for it runs once for each planned check.

    ``@pytest.mark.portaswitch("listener", ...)`` narrows it to kinds of checks.
    """
    ref: Ref = _asked(request)
    audits = _audits(request.config)
    audit = audits[ref.cluster]
    verdict = audits.verdict(ref)
    outcome = Outcome(
        ref.cluster,
        audit.check(ref.check),
        verdict,
        audits.standing(ref, verdict),
        request.config.stash[stash.SUBJECTS].unassessed(ref, verdict),
        audit.cluster,
    )
    request.node.stash[stash.OUTCOME] = outcome
    try:
        request.config.hook.pytest_portaswitch_verdict(
            config=request.config,
            cluster=audit.cluster,
            check=outcome.check,
            verdict=outcome.verdict,
        )
    except Exception as error:
        # It goes on, for whoever wrote the hook; the verdict stands, and the evidence says so.
        audit.internal_errors.add(record("site-hook", ref.check, error))
        raise
    interrupt(outcome, request.config)
    return outcome


@pytest.fixture
def audit_host(request: pytest.FixtureRequest) -> testinfra.host.Host:
    """A testinfra Host; a test that asks for it runs once for each host of each cluster.

    ``@pytest.mark.portaswitch_hosts("billing", ...)`` narrows it to hosts of those roles.
    """
    cluster, host = _asked(request)
    return _audits(request.config).host(cluster, host)


@pytest.fixture
def audit_facts(request: pytest.FixtureRequest) -> HostFacts:
    """The facts of a host; parametrized like ``audit_host``, and alike beside it.

    A host that cannot be looked at is an error of the test, with the reason.
    """
    cluster, host = _asked(request)
    seen = _audits(request.config).facts(cluster, host)
    if isinstance(seen, Unobserved):
        why = show.line(f"{host} could not be looked at: {seen.detail} [{seen.why}]")
        pytest.fail(why, pytrace=False)
    return seen
