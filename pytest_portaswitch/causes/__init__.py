"""Failures grouped under what explains them. Pure, like judging."""

from pytest_portaswitch.causes.group import Cause, group

__all__ = ["Cause", "group"]
