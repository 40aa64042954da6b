"""A draft of a cluster file, from what was seen of hosts: read targets, infer, write it down."""

from pytest_portaswitch.discover.draft import text
from pytest_portaswitch.discover.existing import Existing, read_existing
from pytest_portaswitch.discover.found import Found, FoundHost
from pytest_portaswitch.discover.infer import common_release, infer
from pytest_portaswitch.discover.inventory import inventory_targets
from pytest_portaswitch.discover.merge import Merged, holds_all, merge
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
from pytest_portaswitch.discover.remarks import remarks

__all__ = [
    "COMMAND_LINE",
    "LARGEST",
    "Existing",
    "Found",
    "FoundHost",
    "Merged",
    "Target",
    "command_line",
    "common_login",
    "common_release",
    "holds_all",
    "infer",
    "inventory_targets",
    "merge",
    "once",
    "outcomes",
    "read_existing",
    "remarks",
    "servers",
    "text",
]
