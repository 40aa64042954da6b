"""A draft of a cluster file, from what was seen of hosts: read targets, infer, write it down."""

from pytest_portaswitch.discover.draft import text
from pytest_portaswitch.discover.infer import Found, FoundHost, common_release, infer
from pytest_portaswitch.discover.outcome import outcomes
from pytest_portaswitch.discover.reading import (
    COMMAND_LINE,
    LARGEST,
    Target,
    command_line,
    once,
    servers,
)

__all__ = [
    "COMMAND_LINE",
    "LARGEST",
    "Found",
    "FoundHost",
    "Target",
    "command_line",
    "common_release",
    "infer",
    "once",
    "outcomes",
    "servers",
    "text",
]
