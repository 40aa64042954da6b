"""What names and folders of PortaSwitch say of a host, as the remote program reads them."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from pytest_portaswitch.facts import Hint, HostFacts
from pytest_portaswitch.facts.parse import parse_reply
from pytest_portaswitch.observe.remote.program import hints

from .conftest import Look


def test_names_folders_labels_and_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the hosts file only names of PortaSwitch, and of its data only what is for an address."""
    file = tmp_path / "hosts"
    file.write_bytes(
        b"127.0.0.1 localhost\n10.0.0.2\tporta-configurator conf # porta-x\n# 10.0.0.3 porta-y\n\n"
        b"10.0.0.3 db porta-billing-master\nporta-alone\n\xff\n"
    )
    (tmp_path / "var" / "sipenv-198.51.100.7").mkdir(parents=True)
    (tmp_path / "var" / "log").mkdir()
    own = tmp_path / "c.sock"
    monkeypatch.setattr(hints, "_HOSTS", str(file))
    monkeypatch.setattr(hints, "_ENVIRONMENTS", str(tmp_path / "var"))
    monkeypatch.setattr(hints, "_CONFIGURATOR", str(own))
    monkeypatch.setattr(
        hints.netlink,
        "ask",
        lambda *_, **__: [
            hints._ADDRESS.pack(2, 24, 0, 0, 1)
            + hints.netlink.attribute(2, bytes([10, 0, 0, 9]))
            + hints.netlink.attribute(3, label)
            for label in (b"eth0\0", b"eth0:sip\0")
        ],
    )
    found = [
        {"kind": "hosts-file", "name": "porta-configurator", "address": "10.0.0.2"},
        {"kind": "hosts-file", "name": "porta-billing-master", "address": "10.0.0.3"},
        {
            "kind": "sip-environment",
            "name": "sipenv-198.51.100.7",
            "address": "198.51.100.7",
        },
        {"kind": "label", "name": "sip", "address": "10.0.0.9"},
    ]
    assert hints.hints() == found
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(own))
        assert hints.hints() == [*found, {"kind": "configurator", "name": str(own)}]


def test_hints_come_only_where_they_are_asked_for(look: Look) -> None:
    """An audit takes no names of a hosts file away."""
    assert look().facts.hints == ()
    facts = look(hints=True).facts
    assert not facts.gap("hints")


@pytest.mark.parametrize(
    ("hint", "why"),
    [
        ({"kind": "label", "name": "sip", "address": "x"}, "'x' is not an address"),
        ({"kind": "label", "name": "sip"}, "a hint without a name, or without an address"),
        ({"kind": "label", "name": "", "address": "10.0.0.1"}, "a hint without a name"),
    ],
)
def test_an_impossible_hint_is_left_out(hint: dict[str, str], why: str) -> None:
    """With a gap that says so; the others stay."""
    good = {"kind": "label", "name": "sip", "address": "10.0.0.1"}
    body = json.dumps({"privileged": True, "hints": [hint, good]}).encode()
    facts = parse_reply("h", body, method="python", sent=0.0, received=0.0, took=0.0)
    assert isinstance(facts, HostFacts)
    assert facts.hints == (Hint(kind="label", name="sip", address="10.0.0.1"),)  # type: ignore[arg-type]
    assert why in facts.gap("hints")
