"""Whatever a server showed and a host said of it: a verdict on one line, never an exception."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.facts.model import Clock, Handshake, HostFacts, ProbeResult
from pytest_portaswitch.judge import judge

from . import scene

CHECK = scene.check(
    {
        "id": "tls:proc1:imap-server:tls-993",
        "subcomponent": "imap-server",
        "expects": {
            "type": "presents",
            "sources": ["sip1"],
            "destination": {"name": "proc1", "address": "10.0.0.8", "hosts": ["proc1"]},
            "ports": {"transport": "tls", "numbers": [993]},
            "protocol": "imap",
            "name": "sip.example.com",
            "authorities": ["root"],
        },
    }
)
LEAF = scene.CERTIFICATES["leaf"]


def mutated(at: int, put: bytes, taken: int) -> bytes:
    """A certificate in which some bytes are others, missing or repeated."""
    return LEAF[:at] + put + LEAF[at + taken :]


DER = st.binary(max_size=50) | st.builds(
    mutated, st.integers(0, len(LEAF)), st.binary(max_size=6), st.integers(0, 6)
)
MOMENT = st.floats(-1e11, 1e11) | st.sampled_from([0.0, float("inf"), float("nan"), 1e300])


@settings(max_examples=200, deadline=None)
@given(
    chain=st.lists(DER | st.just(LEAF), max_size=3),
    whole=st.booleans(),
    moment=MOMENT,
    words=st.text(max_size=20).map(lambda text: text.replace("\n", "")),
)
def test_any_handshake_gets_a_verdict(
    chain: list[bytes], whole: bool, moment: float, words: str
) -> None:
    """And only one that shows a certificate of the right name passes."""
    certificates = {hashlib.sha256(der).hexdigest(): der for der in chain}
    names = tuple(hashlib.sha256(der).hexdigest() for der in chain)
    tls = Handshake(version=words, cipher=words, chain=names, whole=whole)
    result = ProbeResult(key="tls:10.0.0.8:993", outcome="connected", tls=tls)
    facts: dict[str, Any] = {
        "sip1": HostFacts(
            host="sip1",
            method="python",
            privileged=True,
            took=1.0,
            probes=(result,),
            certificates=certificates,
            clock=Clock(host=0.0, sent=0.0, received=moment),
        )
    }
    verdict = judge(CHECK, facts)
    assert "\n" not in verdict.message
    assert verdict.verdict != "pass" or "sip.example.com" in "".join(verdict.evidence)
    assert bool(verdict.fault) == (verdict.verdict != "pass")
    broken = msgspec.structs.replace(CHECK.expects, authorities=("nothing",))  # type: ignore[type-var]
    assert judge(msgspec.structs.replace(CHECK, expects=broken), facts).verdict != "pass"
