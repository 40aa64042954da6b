"""Single lines of a shell's tools that recorded replies have none of."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_portaswitch.facts import ip_text, ps_text, shell
from pytest_portaswitch.facts.ps_text import processes
from pytest_portaswitch.facts.shell import Sections

LINK = r"{}: {}: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc fq {}state UP \    link/ether 02:42:ac"


def test_interface_of_a_vrf_says_so() -> None:
    """One of a bridge does not."""
    links = [
        LINK.format(2, "priv", "master blue "),
        LINK.format(3, "pub", "master br0 "),
        LINK.format(4, "blue", ""),
        LINK.format(5, "br0", ""),
    ]
    found, bad = ip_text.interfaces(links, [], links[2:3])
    assert bad == 0
    assert {one.name: one.vrf for one in found} == {
        "priv": "blue",
        "pub": "",
        "blue": "",
        "br0": "",
    }


@pytest.mark.parametrize(
    ("flags", "is_used"),
    [
        ("scope global", True),
        ("scope global tentative", False),
        ("scope global dadfailed tentative", False),
        ("scope global optimistic tentative", True),
        ("scope global dadfailed", False),
    ],
)
def test_address_is_used_as_its_flags_say(flags: str, is_used: bool) -> None:
    line = rf"2: pub    inet6 fd00::1/64 {flags} \       valid_lft forever preferred_lft forever"
    (found,), bad = ip_text.interfaces([LINK.format(2, "pub", "")], [line], [])
    assert (found.addresses, bad) == (("fd00::1/64",), 0)
    assert found.unusable == (() if is_used else ("fd00::1/64",))


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("LISTEN 0 128 0.0.0.0%pub:5060 0.0.0.0:* ino:77 sk:1 <->", (None, "pub")),
        ("LISTEN 0 128 *%pub:5060 *:* uid:1 ino:77 sk:ffff88 <->", (None, "pub")),
        ("UNCONN 0 0 [::]%eth1.20:5060 [::]:* ino:77 sk:1 v6only:1 <->", (True, "eth1.20")),
        ("UNCONN 0 0 [::]:5060 [::]:* ino:77 sk:1 v6only:0 <->", (False, "")),
        ("LISTEN 0 128 :::22 :::* ino:77 sk:ffff8800", (None, "")),
        ("State Recv-Q Send-Q Local Address:Port Peer Address:Port", None),
        ("LISTEN 0 128 0.0.0.0:1 0.0.0.0:* ino:99999999999999999999999", None),
    ],
)  # fmt: skip
def test_options_of_a_socket_are_read_as_ss_of_any_age_prints_them(
    line: str, options: tuple[bool | None, str] | None
) -> None:
    parts = Sections(f"0123456789abcdef\n0123456789abcdef options tcp\n{line}\n".encode())
    assert shell._options(parts, "tcp") == ({} if options is None else {77: options})


def test_a_long_line_of_descendants_of_the_shell_is_left_out_at_once() -> None:
    """Each generation does not cost a look at all processes."""
    table = [f"{pid} {pid - 1} root S 01:00" for pid in range(100, 60_000)]
    seen, bad = processes([*table, "70000 1 root S 01:00"], [], {}, 1e9, "mark", "100")
    assert ([process.pid for process, _ in seen], bad) == ([70_000], 0)


def test_command_lines_beyond_the_time_of_a_reply_are_undecided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many long ones would take hours together, each within the time of a search."""
    body = (Path(__file__).parent / "cases/shell/debian12-words.txt").read_bytes()
    whole = shell.read(body, ("x", "y"), 2)
    monkeypatch.setattr(ps_text, "SECONDS", -1.0)
    late = shell.read(body, ("x", "y"), 2)
    assert len(late.processes) >= len(whole.processes)
    assert {(one.matches, one.undecided) for one in late.processes} == {((), (0, 1))}
    assert [gap.why for gap in late.gaps if gap not in whole.gaps] == [
        "to try the patterns on all command lines takes more than -1 s; which match the rest was "
        "not tried"
    ]
