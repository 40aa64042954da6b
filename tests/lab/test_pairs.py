"""Two faults at once yield the causes of both, and change the checks of both."""

from __future__ import annotations

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit, changed, expected_changes
from .test_faults import CASES, assert_told

PAIRS = (
    ("kill-radius", "freeze-registrar"),
    ("kill-radius", "drop-mysql-from-one-peer"),
    ("kill-radius", "mysql-refuse-host"),
    ("kill-radius", "kill-alerter"),
    ("kill-radius", "virtual-ip-nowhere"),
    ("kill-radius", "unplugged"),
    ("freeze-registrar", "impostor-in-place-of-imap"),
    ("freeze-registrar", "sshd-down"),
    ("freeze-registrar", "reject-smpp-from-one-peer"),
    ("freeze-registrar", "move-subscription-manager-to-another-port"),
    ("move-imgate-to-loopback", "impostor-in-place-of-imap"),
    ("move-imgate-to-loopback", "stop-edge-proxy-on-the-active-node"),
    ("impostor-in-place-of-imap", "mysql-block-host"),
    ("deaf-limit-controller", "drop-mysql-from-all"),
    ("deaf-limit-controller", "virtual-ip-twice"),
    ("drop-mysql-from-one-peer", "drop-mysql-from-all"),
    ("reject-smpp-from-one-peer", "reject-radius-from-one-peer"),
    ("sshd-hung", "stop-edge-proxy-on-the-active-node"),
    ("no-sudo", "kill-radius"),
    ("drop-on-the-way", "mysql-refuse-host"),
)
"""Names of cases of ``test_faults``, none of which hides the other's facts."""


def test_there_are_enough_pairs() -> None:
    """Twenty, all different."""
    assert len({frozenset(pair) for pair in PAIRS}) >= 20


@pytest.mark.parametrize("pair", PAIRS, ids="-and-".join)
def test_both_faults_are_named(full: Lab, healthy: Result, pair: tuple[str, str]) -> None:
    """Each by its own causes, and no other."""
    one, other = (CASES[name] for name in pair)
    with full.broken(*one.fault, **one.options), full.broken(*other.fault, **other.options):
        broken = audit(full)
    assert changed(healthy, broken) == expected_changes(healthy, {**one.changes, **other.changes})
    assert_told(broken.causes("failed"), one.causes + other.causes)
    unseen = tuple(case.unseen for case in (one, other) if case.unseen)
    assert_told(broken.causes("not-observed"), unseen)
