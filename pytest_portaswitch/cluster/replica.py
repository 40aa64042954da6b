"""The ``replica`` part of a cluster file: how the replica DB servers may be asked."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.cluster.model import Replica
from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import integer, matching
from pytest_portaswitch.source.tree import Mapping

SECRET = "mysql"  # noqa: S105 - the name of one
"""Which of the cluster's secrets is the account's password."""

_LONGEST_LAG = 86400
_account = matching(r"[A-Za-z0-9_.-]+", "must be the name of a database account, such as audit", 80)


def read(value: Value) -> Replica:
    """Account and bounds; what is not given has its default."""
    section = value.section((), ("account", "lag"))
    if section is None:
        return Replica()
    return msgspec.convert(
        {
            "account": section.read("account", _account, ""),
            "lag": section.read("lag", integer(0, _LONGEST_LAG), Replica().lag),
        },
        Replica,
    )


def check(value: Value, replica: Replica, secrets: Value | None) -> None:
    """Refuse an account without a password. ``secrets``: that part of the file."""
    given = secrets.node.entries if secrets and isinstance(secrets.node, Mapping) else {}
    if replica.account and SECRET not in given:
        value.refuse(
            "names an account, and there is no password of it",
            f"say where it is kept: secrets: {{{SECRET}: {{env: NAME}}}}",
            value=replica.account,
        )
