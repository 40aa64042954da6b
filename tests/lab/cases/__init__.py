"""Every fault that the lab can inject, and what the audit is to say of it: data, no code."""

from __future__ import annotations

from collections.abc import Mapping

from . import daemons, databases, harmless, hostile, hosts, network
from .case import Case, Pair
from .pairs import PAIRS

CASES: Mapping[str, Case] = {
    **daemons.CASES,
    **network.CASES,
    **hosts.CASES,
    **databases.CASES,
    **hostile.CASES,
}
"""Each has exactly one cause."""

HARMLESS: Mapping[str, Case] = harmless.CASES
"""None of these has one."""

__all__ = ["CASES", "HARMLESS", "PAIRS", "Case", "Pair"]
