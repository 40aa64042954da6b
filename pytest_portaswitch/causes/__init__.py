"""Failures put together under what explains them. Pure, like judging."""

from pytest_portaswitch.causes.cause import Cause, Effect, Severity
from pytest_portaswitch.causes.explain import Explained, explain, explained

__all__ = ["Cause", "Effect", "Explained", "Severity", "explain", "explained"]
