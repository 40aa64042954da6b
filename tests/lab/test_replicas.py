"""What a real replica says of itself when it is told to stay behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_portaswitch.lab import Lab
from pytest_portaswitch.lab.daemons import mariadb

from .auditing import Result, audit

DELAY = 3600


def change(lab: Lab, delay: int) -> None:
    """Tell the replica how far to stay behind its source."""
    (database,) = (one for one in lab.site.on("db2") if one.kind == "mariadb")
    for statement in ("STOP SLAVE", f"CHANGE MASTER TO MASTER_DELAY={delay}", "START SLAVE"):
        mariadb.query(database, lab.host("db2"), statement)


@pytest.fixture
def delayed(full: Lab, healthy: Result) -> Iterator[Lab]:
    """The lab with a replica that stays an hour behind; afterwards it follows as before."""
    change(full, DELAY)
    yield full
    change(full, 0)


def test_a_replica_that_stays_behind_on_purpose_is_no_failure(delayed: Lab) -> None:
    """It passes, and whoever reads there is warned."""
    (check,) = audit(delayed, "-k", "test_replicas").evidence["checks"]
    assert (check["verdict"], check["warnings"]) == (
        "pass",
        [
            f"it stays {DELAY} s behind db1:3306 on purpose (SQL_Delay): who reads here "
            "reads what was"
        ],
    )
