"""Reading what people write: YAML with line numbers, and every problem in it at once."""

from pytest_portaswitch.source.problem import BadInput, Problem, closest
from pytest_portaswitch.source.value import Read, Section, Value, open_file, settle

__all__ = ["BadInput", "Problem", "Read", "Section", "Value", "closest", "open_file", "settle"]
