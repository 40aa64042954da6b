"""One certificate is one cause, on however many ports and hosts it is served."""

from __future__ import annotations

from pytest_portaswitch.causes import Cause, explain
from pytest_portaswitch.judge import Verdict
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.plan.check import Presents

from .mischief import PLAN

CHECKS = [check for check in PLAN.checks if isinstance(check.expects, Presents)]


def told(number: int, verdict: Verdict) -> Cause:
    """The one cause of the same verdict on the first few TLS ports."""
    checks = CHECKS[:number]
    (cause,) = explain(checks, {check.id: verdict for check in checks}, {})
    assert cause.checks == tuple(sorted(check.id for check in checks))
    return cause


def test_a_bad_certificate_is_named_with_all_that_serve_it() -> None:
    """At its id is the certificate, not the host."""
    bad = Verdict(
        verdict="fail",
        expected="e",
        observed="o",
        fault=fault("certificate-expired", "0123456789abcdef", detail="CN=a: expired 2026-01-01"),
    )
    assert len(CHECKS) > 2
    assert told(1, bad).title == (
        "bad certificate of imap-server on proc1: CN=a: expired 2026-01-01"
    )
    assert told(2, bad).title == (
        "bad certificate of imap-server on proc1 and imap-server on proc2: CN=a: expired 2026-01-01"
    )
    assert told(3, bad).title.endswith(" and 1 more: CN=a: expired 2026-01-01")
    assert told(3, bad).id == "certificate-expired:0123456789abcdef"


def test_one_that_expires_soon_is_one_warning() -> None:
    """With what each port's check says of it."""
    soon = Verdict(
        verdict="pass",
        expected="e",
        observed="o",
        warnings=("it expires in 5 days",),
        fault=fault("certificate-expires-soon", "0123456789abcdef", detail="2026-12-01"),
    )
    cause = told(2, soon)
    assert cause.title == (
        "the certificate of imap-server on proc1 and imap-server on proc2 expires soon: "
        "on 2026-12-01"
    )
    assert (cause.severity, cause.effect) == ("warning", "none")
    assert cause.impact == "2 checks pass with a warning"
    assert cause.seen == ("it expires in 5 days",)
