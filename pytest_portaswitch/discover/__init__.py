"""A draft of a cluster file, from what was seen of hosts: read targets, infer, write it down."""

from pytest_portaswitch.discover.draft import text
from pytest_portaswitch.discover.infer import Found, FoundHost, common_release, infer
from pytest_portaswitch.discover.inventory import inventory_targets
from pytest_portaswitch.discover.outcome import outcomes
from pytest_portaswitch.discover.reading import (
    COMMAND_LINE,
    LARGEST,
    Target,
    command_line,
    common_login,
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
    "common_login",
    "common_release",
    "infer",
    "inventory_targets",
    "once",
    "outcomes",
    "servers",
    "text",
]
