"""How far probes get, and how they end."""

from __future__ import annotations

from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.plan.check import Listens

SERVED = frozenset({"connected", "delivered", "answered", "in-use"})
"""Grades of what came as far as the service."""

REPLIED = frozenset({"answered", "in-use"})
"""Grades of what the service itself replied to."""

ENDS = frozenset({
    "nothing-listens", "frozen", "mute", "wrong-protocol", "tls-fails", "undecided", "ignored",
    "dropped", "rejected", "silent", "no-path", "no-secret", "no-echo", "lost-on-the-way",
    "may-be-silent", "hung-up", "may-ignore", "hung",
})  # fmt: skip
"""How a probe may end that was sent and did not come through."""

UNINFORMATIVE = frozenset({"no-secret", "may-be-silent"})
"""Silence that says nothing of the path."""

DOWN = frozenset({
    "not-running", "not-listening", "wrong-address", "frozen", "port-taken", "virtual-ip-nowhere",
    "virtual-ip-astray", "hung",
})  # fmt: skip
"""Codes of listeners that surely serve nobody who asks in the right place."""


def is_down(item: Item) -> bool:
    """Whether what should listen there surely serves nobody who asks in the right place."""
    expects = item.check.expects
    if not isinstance(expects, Listens) or item.code not in DOWN:
        return False
    # Of a range, somebody else has but a port.
    return item.code != "port-taken" or expects.ports.demand != "range"
