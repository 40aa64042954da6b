"""Certificates: what is wrong with one, each thing apart."""

from __future__ import annotations

import ipaddress
from datetime import timedelta, timezone
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.protocols import trust
from pytest_portaswitch.protocols.certificate import Served, examine
from tests.unit.certificates import DAY, DNS, LEAF, MIDDLE, NOW, ROOT, make


def served(*chain: x509.Certificate) -> Served:
    """A handshake that showed these."""
    der = tuple(one.public_bytes(Encoding.DER) for one in chain)
    return Served(chain=der, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")


UNTIL = "valid until 2026-04-30, 60 days more"
LEADS_NOWHERE = "issued by CN=middle, which leads to no given authority"
NOT_VALID_NOW = "leads to a given authority through one that is not valid now"
NOT_SEEN = "issued by CN=middle, which is no given authority and was not seen"
FOR = "for sip.example.com, *.pbx.example.com, not for "


def leaf(*said: str) -> str:
    """The line about LEAF."""
    return f"CN=leaf: {'; '.join(said)}"


def root(*said: str) -> str:
    """The line about ROOT."""
    return f"CN=root: {'; '.join(said)}"


CASES: list[Any] = [
    pytest.param((LEAF, MIDDLE), {"authorities": (ROOT,)}, (), leaf(UNTIL), id="well"),
    pytest.param(
        (LEAF, MIDDLE),
        {"at": NOW + 61 * DAY},
        ("expired",),
        leaf("expired 2026-04-30"),
        id="expired",
    ),
    pytest.param(
        (LEAF, MIDDLE),
        {"at": NOW - 31 * DAY},
        ("not-yet-valid",),
        leaf("not valid before 2026-01-30", "valid until 2026-04-30, 91 days more"),
        id="not-yet-valid",
    ),
    pytest.param((LEAF,), {"name": "SIP.example.com."}, (), leaf(UNTIL), id="name"),
    pytest.param((LEAF,), {"name": "a.pbx.example.com"}, (), leaf(UNTIL), id="wildcard"),
    pytest.param(
        (LEAF,),
        {"name": "a.b.pbx.example.com"},
        ("wrong-name",),
        leaf(FOR + "a.b.pbx.example.com", UNTIL),
        id="wildcard-of-two",
    ),
    pytest.param(
        (LEAF,),
        {"name": "leaf"},
        ("wrong-name",),
        leaf(FOR + "leaf", UNTIL),
        id="common-name-beside-others",
    ),
    pytest.param(
        (ROOT,), {"name": "root"}, ("self-signed",), root("self-signed", UNTIL), id="self-signed"
    ),
    pytest.param(
        (ROOT,),
        {"authorities": (ROOT,)},
        ("self-signed",),
        root("self-signed", UNTIL),
        id="self-signed-and-given",
    ),
    pytest.param(
        (ROOT,),
        {"authorities": (make("other", "other", ca=True),)},
        ("self-signed", "untrusted"),
        root("self-signed, and none of the given authorities", UNTIL),
        id="self-signed-and-not-given",
    ),
    pytest.param(
        (LEAF,),
        {"authorities": (ROOT,)},
        ("incomplete-chain",),
        leaf(NOT_SEEN, UNTIL),
        id="incomplete",
    ),
    pytest.param(
        (LEAF, make("middle", "root", ca=False)),
        {"authorities": (ROOT,)},
        ("issuer-unfit",),
        leaf("leads through CN=middle, which is no authority (CA)", UNTIL),
        id="middle-is-no-ca",
    ),
    pytest.param(
        (LEAF, make("middle", "root", ca=True, ends=NOW - DAY)),
        {"authorities": (ROOT,)},
        ("untrusted",),
        leaf(NOT_VALID_NOW, UNTIL),
        id="middle-expired",
    ),
    pytest.param(
        (LEAF, MIDDLE),
        {"authorities": (make("root", "root", ca=True, ends=NOW - DAY),)},
        ("untrusted",),
        leaf(NOT_VALID_NOW, UNTIL),
        id="authority-expired",
    ),
    pytest.param(
        (make("leaf", "middle", signer="thief"), MIDDLE),
        {"authorities": (ROOT,)},
        ("untrusted",),
        leaf(LEADS_NOWHERE, UNTIL),
        id="forged",
    ),
    pytest.param(
        (LEAF, MIDDLE),
        {"authorities": (ROOT,), "at": NOW + 61 * DAY, "name": "x.org"},
        ("expired", "wrong-name", "untrusted"),
        leaf("expired 2026-04-30", FOR + "x.org", NOT_VALID_NOW),
        id="all-at-once",
    ),
]


@pytest.mark.parametrize(("chain", "words", "findings", "said"), CASES)
def test_each_fault_is_told_apart(
    chain: tuple[x509.Certificate, ...],
    words: dict[str, Any],
    findings: tuple[str, ...],
    said: str,
) -> None:
    """All that apply, in a fixed order, and in words."""
    seen = examine(served(*chain), **{"at": NOW, **words})
    assert (findings, said) == (seen.findings, seen.words)
    assert set(seen.faults) == set(findings) - {"self-signed", "incomplete-chain"}


EXPIRED = make("middle", "root", ca=True, ends=NOW - DAY)
LATER = make("middle", "root", ca=True, begins=NOW + DAY)
THROUGH = "leads through CN=middle, which "


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ((LEAF, EXPIRED), THROUGH + "expired 2026-02-28"),
        ((LEAF, EXPIRED, ROOT), THROUGH + "expired 2026-02-28"),
        ((LEAF, LATER), THROUGH + "is not valid before 2026-03-02"),
        (
            (make("far", "leaf"), make("leaf", "middle", ca=True), EXPIRED),
            THROUGH + "expired 2026-02-28",
        ),
        # It is there once more, as it was renewed.
        ((LEAF, EXPIRED, MIDDLE), ""),
        ((LEAF, MIDDLE, EXPIRED), ""),
        # Nobody's issuer, and one that is known for itself.
        ((LEAF, MIDDLE, make("other", "root", ca=True, ends=NOW - DAY)), ""),
        ((LEAF, MIDDLE, make("root", "root", ca=True, ends=NOW - DAY)), ""),
        ((LEAF,), ""),
    ],
)
def test_an_issuer_that_is_not_valid_now(chain: tuple[x509.Certificate, ...], said: str) -> None:
    """RFC 5280, 6.1.3 (a)(2): every certificate of the path must be, whoever is trusted."""
    seen = examine(served(*chain), NOW)
    assert seen.faults == (("issuer-not-valid",) if said else ())
    assert said in seen.words
    assert seen.wrong == (f"{seen.subject}: {said}" if said else "")


def test_an_issuer_is_not_named_where_there_is_more_to_say() -> None:
    """Where the certificate itself is over, or authorities are given, that says it."""
    after = NOW + 61 * DAY
    assert examine(served(LEAF, MIDDLE), after).findings == ("expired",)
    assert examine(served(LEAF, EXPIRED), NOW, authorities=(ROOT,)).findings == ("untrusted",)


def test_what_was_seen_is_kept() -> None:
    """Names, times, version, cipher, chain."""
    address = x509.IPAddress(ipaddress.ip_address("10.0.0.8"))
    uri = x509.UniformResourceIdentifier("sip:example.com")
    own = make("leaf", "middle", names=(*DNS, address, uri))
    seen = examine(served(own, MIDDLE, ROOT), NOW, "10.0.0.8")
    assert seen.findings == ()
    assert seen.names == ("sip.example.com", "*.pbx.example.com", "10.0.0.8", "example.com")
    assert (seen.subject, seen.issuer) == ("CN=leaf", "CN=middle")
    assert seen.not_before == "2026-01-30T12:00:00+00:00"
    assert seen.not_after == "2026-04-30T12:00:00+00:00"
    assert (seen.days_left, seen.version) == (60, "TLSv1.3")
    assert seen.chain == ("CN=middle", "CN=root")


def test_days_are_rounded_down() -> None:
    """The last day has none left, and the day after is one ago."""
    ends = NOW + 60 * DAY
    assert examine(served(LEAF), ends - timedelta(hours=1)).days_left == 0
    assert examine(served(LEAF), ends + timedelta(hours=1)).days_left == -1


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    """Times are compared as moments."""
    there = (NOW + 60 * DAY - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=9)))
    assert examine(served(LEAF), there).findings == ()


@pytest.mark.parametrize("chain", [(), (b"",), (b"0\x82",), (b"\0" * 70000,)])
def test_what_is_no_certificate_is_unreadable(chain: tuple[bytes, ...]) -> None:
    """And that is a fault."""
    seen = examine(Served(chain=chain), NOW)
    assert seen.faults == ("unreadable",)
    assert seen.words == "no certificate that can be read"


def test_a_bundle_of_authorities_is_read_or_refused() -> None:
    """A file without any certificate is a mistake of whoever gave it."""
    pem = ROOT.public_bytes(Encoding.PEM) + MIDDLE.public_bytes(Encoding.PEM)
    assert trust.authorities(pem) == (ROOT, MIDDLE)
    with pytest.raises(ValueError, match="PEM"):
        trust.authorities(b"nothing")


def test_a_chain_that_was_seen_whole_is_not_incomplete() -> None:
    """What is missing there is missing for every client."""
    alone = msgspec.structs.replace(served(LEAF), whole=True)
    assert examine(alone, NOW, authorities=(ROOT,)).findings == ("untrusted",)


def test_what_is_wrong_is_said_without_what_changes_from_day_to_day() -> None:
    """So that a cause stays the same cause."""
    words = [
        examine(served(ROOT), NOW + day * DAY, "x.org", (MIDDLE,)).wrong for day in (0, 61, 62)
    ]
    assert words == [
        "CN=root: for root, not for x.org; self-signed, and none of the given authorities",
        *[
            "CN=root: expired 2026-04-30; for root, not for x.org; self-signed, and none of the "
            "given authorities"
        ]
        * 2,
    ]
    assert examine(served(LEAF), NOW).wrong == ""


def test_one_of_several_paths_is_enough() -> None:
    """An issuer that two authorities have certified is shown twice (RFC 5280, 3.2)."""
    elsewhere = make("other", "other", ca=True)
    crossed = make("middle", "other", ca=True)
    lost = make("root", "nobody", ca=True)
    shown = served(LEAF, MIDDLE, lost, crossed)
    for root in (ROOT, elsewhere):
        assert examine(shown, NOW, authorities=(root,)).findings == ()
    assert examine(shown, NOW, authorities=(make("x", "x", ca=True),)).findings == ("untrusted",)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 600), put=st.binary(max_size=6), taken=st.integers(0, 6))
def test_no_bytes_make_it_raise(at: int, put: bytes, taken: int) -> None:
    """A certificate in which some bytes are others, missing or repeated."""
    der = LEAF.public_bytes(Encoding.DER)
    broken = der[:at] + put + der[at + taken :]
    chain = (broken, MIDDLE.public_bytes(Encoding.DER))
    seen = examine(Served(chain=chain), NOW, "sip.example.com", (ROOT,))
    assert len(seen.words) <= 300
    assert "\n" not in seen.words


def test_name_behind_many_others_is_found_and_sixteen_are_shown() -> None:
    """A certificate of a whole fleet is legal, however many names it has."""
    many = tuple(x509.DNSName(f"n{number}.example.com") for number in range(1000))
    own = make("leaf", "middle", names=many)
    found = examine(served(own), NOW, "n999.example.com")
    assert found.findings == ()
    assert found.names == tuple(f"n{number}.example.com" for number in range(16))
    assert examine(served(own), NOW, "n1000.example.com").findings == ("wrong-name",)
