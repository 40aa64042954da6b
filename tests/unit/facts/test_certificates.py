"""Each certificate is kept once among the facts of a cluster."""

from __future__ import annotations

from pytest_portaswitch.facts import HostFacts, Unobserved
from pytest_portaswitch.facts.certificates import find, without_known


def host(name: str, **certificates: bytes) -> HostFacts:
    """A host that has brought these."""
    return HostFacts(
        host=name, method="python", privileged=True, took=1.0, certificates=certificates
    )


DOWN = Unobserved(host="x", why="no-route", detail="")


def test_what_another_has_brought_is_left_out() -> None:
    """And can still be found."""
    first = host("a", one=b"1", two=b"2")
    second = without_known(host("b", two=b"2", three=b"3"), [DOWN, first])
    assert second == host("b", three=b"3")
    assert [find(name, [DOWN, first, second]) for name in ("one", "two", "three", "four")] == [
        b"1",
        b"2",
        b"3",
        None,
    ]


def test_other_observations_stay_as_they_are() -> None:
    """Hosts that are down, and hosts that met no TLS."""
    assert without_known(DOWN, [host("a", one=b"1")]) is DOWN
    plain = host("b")
    assert without_known(plain, [host("a", one=b"1")]) is plain
