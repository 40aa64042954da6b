"""Facts in a pack that no host can have had are named, whatever their kind."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from pytest_portaswitch.facts.answer import Answer
from pytest_portaswitch.facts.database import Database, Replication
from pytest_portaswitch.facts.model import (
    Arrival,
    Clock,
    Gap,
    Handshake,
    HostFacts,
    ProbeResult,
    Socket,
)
from pytest_portaswitch.facts.recorded import impossible
from pytest_portaswitch.text import Address, Text

DER = b"a certificate"
NAME = hashlib.sha256(DER).hexdigest()
TLS = ProbeResult(
    key="tls:10.0.0.5:993", outcome="connected", tls=Handshake(chain=(NAME, "0" * 64))
)
REPLICA = Database(
    key="mysql:10.0.0.4:3307", replication=(Replication(source="db1:3306", lag=None, delay=3600),)
)
SOUND = HostFacts(
    host="db1",
    method="python",
    privileged=True,
    took=1.0,
    clock=Clock(host=1e9, sent=1e9, received=1e9),
    patterns=("x", "y"),
    sought=1,
    probes=(TLS,),
    certificates={NAME: DER},
    databases=(REPLICA, Database(key="mysql:fd00::4:3307", trouble="no-answer", words="no")),
    gaps=(Gap(what=Text("owners"), why=Text("no root")), Gap(what=Text("owners"), why=Text("no"))),
)


def test_facts_of_an_audit_are_possible() -> None:
    """A certificate that is named and not there stands with another host, or held a secret."""
    assert impossible(SOUND) == ()


def _answered(outcome: str, answered: bool = True) -> ProbeResult:
    answer = Answer(answered=answered, finding="" if answered else "no-answer")
    return ProbeResult(key="tcp:10.0.0.5:1", outcome=outcome, answer=answer)  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", ["silent", "refused", "unreachable", "error"])
def test_what_was_said_of_a_probe_that_brought_nothing_is_possible(outcome: str) -> None:
    found = msgspec.structs.replace(SOUND, probes=(TLS, _answered(outcome, answered=False)))
    assert impossible(found) == ()


@pytest.mark.parametrize(
    ("what", "change", "why"),
    [
        ("certificates", {"certificates": {NAME: b"another"}},
         f"'{NAME}' is not the name of its certificate"),
        ("certificates", {"certificates": {NAME: DER, "x": b""}},
         "'x' is not the name of its certificate"),
        ("certificates", {"probes": ()}, "there is a certificate that no handshake names"),
        ("databases", {"databases": (Database(key="mysql:garbage:1"),)},
         "'garbage' is not an address"),
        ("databases", {"databases": (Database(key="mysql:10.0.0.4:70000"),)},
         "70000 is not a port"),
        ("databases", {"databases": (Database(key="mysql:010.0.0.4:1"),)},
         "'010.0.0.4' is not an address"),
        ("databases", {"databases": (Database(key="tcp:10.0.0.4:1"),)},
         "'tcp:10.0.0.4:1' is no database"),
        ("databases", {"databases": (REPLICA, REPLICA)},
         "'mysql:10.0.0.4:3307' stands there twice"),
        ("databases", {"databases": (Database(key="mysql:10.0.0.4:1", words="so"),)},
         "a database without trouble, and words about it"),
        ("databases",
         {"databases": (Database(key="mysql:10.0.0.4:1", replication=(Replication(lag=-1),)),)},
         "-1 is no number of seconds behind"),
        ("databases",
         {"databases": (
             Database(key="mysql:10.0.0.4:1", replication=(Replication(delay=10**5000),)),
         )},
         "a number of 128 bits or more is no number of seconds behind"),
        ("databases", {"method": "shell"}, "a host without Python that asked databases"),
        ("gaps", {"gaps": (Gap(what=Text("x"), why=Text("y" * 3000)),)},
         "a gap of more words than any has"),
        ("gaps", {"gaps": SOUND.gaps * 1001}, "there are more than 2000"),
        ("processes", {"sought": 3}, "3 of the patterns were looked for everywhere"),
        ("processes", {"sought": -1}, "-1 of the patterns were looked for everywhere"),
        ("clock", {"took": float("inf"), "clock": None}, "inf is not a time"),
        ("probes", {"probes": (TLS, _answered("unreachable"))},
         "an answer to a probe that is unreachable"),
        ("probes",
         {"probes": (TLS, ProbeResult(key="tcp:10.0.0.5:1", outcome="silent",
                                      arrival=Arrival(seen=True)))},
         "a connection that was watched arriving"),
        ("sockets", {"sockets": (Socket(transport="tcp", address=Address("x"), port=1),)},
         "'x' is not an address"),
    ],
)  # fmt: skip
def test_facts_that_no_host_can_have_are_named_by_their_kind(
    what: str, change: dict[str, Any], why: str
) -> None:
    words = f"entries that make no sense were left out (1): {why}"
    assert impossible(msgspec.structs.replace(SOUND, **change)) == (
        Gap(what=Text(what), why=Text(words)),
    )
