"""What changes a cluster and is no fault of it: no check changes, and there is no cause."""

from __future__ import annotations

from .case import Case

CASES = {
    "virtual-ip-moved": Case(
        fault=("virtual-ip-moved", "sip-front"),
        why="A failover is no failure: the standby holds the address and serves.",
    ),
    "mysql-connect-errors": Case(
        fault=("mysql-connect-errors", "db1"),
        why="The audit's own probes are not what blocks a host, even at a limit of five.",
    ),
    "intruder-in-private": Case(
        fault=("intruder", "bill1"),
        options={"at": "private"},
        why="It is in the evidence, and warns or fails where the cluster file says so.",
    ),
}
