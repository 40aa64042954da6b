"""The vendor's interconnection tables as data."""

from pytest_portaswitch.tables.loader import assemble, load, path_of
from pytest_portaswitch.tables.row import (
    Confidence,
    ProcessPattern,
    Row,
    Subcomponent,
    Tables,
)

__all__ = [
    "Confidence",
    "ProcessPattern",
    "Row",
    "Subcomponent",
    "Tables",
    "assemble",
    "load",
    "path_of",
]
