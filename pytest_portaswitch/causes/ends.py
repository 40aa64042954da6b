"""How far probes get, and how they end."""

from __future__ import annotations

SERVED = frozenset({"connected", "delivered", "answered", "in-use"})
"""Grades of what came as far as the service."""

ENDS = frozenset({
    "nothing-listens", "frozen", "mute", "wrong-protocol", "tls-fails", "undecided", "ignored",
    "dropped", "rejected", "silent", "no-path", "no-secret", "no-echo", "lost-on-the-way",
    "may-be-silent",
})  # fmt: skip
"""How a probe may end that was sent and did not come through."""

UNINFORMATIVE = frozenset({"no-secret", "may-be-silent"})
"""Silence that says nothing of the path."""
