"""Addresses come in in one spelling, or not at all."""

from __future__ import annotations

import pytest

from pytest_portaswitch.text import Hostile, address, interface_address


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("fe80::1%br-lan.100@x_+", "fe80::1%br-lan.100@x_+"),
        ("fe80::1%" + "a" * 15, "fe80::1%" + "a" * 15),
    ],
)
def test_an_address_is_read_in_its_usual_spelling(given: str, read: str) -> None:
    assert address(given) == read


@pytest.mark.parametrize(
    "given",
    [
        "",
        "10.0.0",
        "10.0.0.01",
        "10.0.0.1\n",
        " 10.0.0.1",
        "\u0661.1.1.1",
        "10.0.0.1%eth0",
        "fe80::1%",
        "fe80::1%" + "a" * 16,
        "fe80::1%a" + "b" * 3_000_000,
        "fe80::1%\x1b[31m",
        "fe80::1%\n::error::x",
        "fe80::1%eth0\n",
        "fe80::1%$(touch X)",
        "fe80::1%`id`",
        "fe80::1%a'b",
        "fe80::1%<b>",
        "fe80::1%-R",
        "fe80::1%eth0%eth1",
        "fe80::1%\u202eeth0",
        "fe80::1%e\u0301th0",
        "fe80::1%\u0435th0",
    ],
)
def test_an_address_with_anything_else_is_refused(given: str) -> None:
    with pytest.raises(Hostile, match=r" is not an address$") as caught:
        address(given)
    assert len(str(caught.value)) < 100
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("10.0.0.1/24", "10.0.0.1/24"),
        ("10.0.0.1/0", "10.0.0.1/0"),
        ("2001:db8::1/128", "2001:db8::1/128"),
        ("fe80::1%eth0/64", "fe80::1%eth0/64"),
        ("::ffff:10.0.0.1/120", "10.0.0.1/24"),
    ],
)
def test_an_interface_address_is_read_with_its_prefix(given: str, read: str) -> None:
    assert interface_address(given) == read


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("10.0.0.1", "'10.0.0.1' is not an address with its prefix"),
        ("10.0.0.1/", "'10.0.0.1/' is not an address with its prefix"),
        ("10.0.0.1/255.0.0.0", "'10.0.0.1/255.0.0.0' is not an address with its prefix"),
        ("10.0.0.1/+8", "'10.0.0.1/+8' is not an address with its prefix"),
        ("10.0.0.1/\u0661", "'10.0.0.1/\u0661' is not an address with its prefix"),
        ("10.0.0.1/33", "'10.0.0.1/33' has a longer prefix than its address"),
        ("10.0.0.1/100", "'10.0.0.1/100' has a longer prefix than its address"),
        ("::1/129", "'::1/129' has a longer prefix than its address"),
        ("x/24", "'x' is not an address"),
    ],
)
def test_an_interface_address_with_another_prefix_is_refused(given: str, why: str) -> None:
    with pytest.raises(Hostile) as caught:
        interface_address(given)
    assert str(caught.value) == why
