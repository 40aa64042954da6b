"""Reading what people write: YAML with line numbers, and every problem in it at once."""

from pytest_portaswitch.source.problem import BadInput, Problem

__all__ = ["BadInput", "Problem"]
