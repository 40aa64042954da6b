"""Titles of causes that say more than their kind."""

from __future__ import annotations

from pytest_portaswitch.causes.kinds import title
from pytest_portaswitch.judge.fault import fault


def test_title_of_a_pin_for_several_programs_names_the_one_that_does_not_run() -> None:
    """Else what runs would be accused of not listening."""
    lacking = "of the programs that it is called, b runs there, a does not"
    found = fault("not-listening", "sip1", "mail-proxy", detail=lacking)
    assert title(found, [], ["tcp/8081"]) == (
        f"mail-proxy runs on sip1 but does not listen on tcp/8081: {lacking}"
    )
    plain = fault("not-listening", "sip1", "mail-proxy")
    assert title(plain, [], ["tcp/8081"]) == (
        "mail-proxy runs on sip1 but does not listen on tcp/8081"
    )
