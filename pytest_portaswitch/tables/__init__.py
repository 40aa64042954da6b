"""The vendor's interconnection tables as data."""

from pytest_portaswitch.tables.loader import assemble, load, path_of
from pytest_portaswitch.tables.row import (
    Confidence,
    ProcessPattern,
    Row,
    Service,
    Subcomponent,
    Tables,
)

__all__ = [
    "Confidence",
    "ProcessPattern",
    "Row",
    "Service",
    "Subcomponent",
    "Tables",
    "assemble",
    "load",
    "path_of",
]
