"""Judging: a check and the facts give a verdict. Pure: no clock, no network, no files."""

from pytest_portaswitch.judge.judge import judge
from pytest_portaswitch.judge.verdict import Verdict

__all__ = ["Verdict", "judge"]
