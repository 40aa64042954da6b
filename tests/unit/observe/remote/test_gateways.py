"""Default routes, and which files on disk name their routers, by Python and by the shell alike."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_portaswitch.facts import DefaultRoute, DefaultRoutes, HostFacts
from pytest_portaswitch.facts.gateway_text import default_routes
from pytest_portaswitch.observe.request import Request
from tests.unit.observe.remote.talk import converse, environment, tools, without_python

TOOLS = ("sh", "bash", "cat", "find", "ps", "ip", "date", "uname", "sleep", "renice", "id")
MORE = ("grep", "sed", "head")
SCRIPTS = "etc/sysconfig/network-scripts"
WAYS = pytest.mark.parametrize("way", ["python", "shell"])

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes a network namespace")


def look(
    folder: Path, way: str, routes: tuple[str, ...], files: dict[str, str], asked: bool = True
) -> HostFacts:
    """What a host tells that has these routes, and nothing in /etc but these files."""
    (folder / "etc").mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            (folder / name).symlink_to(text[3:])
        else:
            (folder / name).write_text(text)
    lines = (
        "ip link set lo up; ip link add eth7 type veth peer eth8; ip addr add 10.9.0.2/24 dev eth7;"
        " ip link set eth7 up; ip link set eth8 up;"
        + "".join(f" ip route add {route};" for route in routes)
        + f' mount --bind {folder}/etc /etc; PATH=$WANTED exec /bin/sh -c "$1"'
    )
    shell = ("unshare", "-n", "-m", "/bin/sh", "-c", lines, "sh")
    env = environment(folder)
    request = Request(host="h", routes_to=("10.9.0.3",) if asked else ())
    if way == "shell":
        wanted = tools(folder, *TOOLS, *MORE)["PATH"]
        env = {**env, "WANTED": wanted}
        return converse(request, env, shell=shell, command=without_python()).facts
    return converse(request, {**env, "WANTED": env["PATH"]}, shell=shell).facts


VIA = DefaultRoute(interface="eth7", gateway="10.9.0.1", static=True)


def named(gateway: str, interface: str) -> DefaultRoute:
    """The route with the files that name its ends."""
    return DefaultRoute(
        interface="eth7",
        gateway="10.9.0.1",
        static=True,
        gateway_in=gateway and f"/{gateway}",
        interface_in=interface and f"/{interface}",
    )


IFCFG = f"{SCRIPTS}/ifcfg-eth7"
KEYFILE = "etc/NetworkManager/system-connections/lan.nmconnection"
CASES: dict[str, tuple[dict[str, str], DefaultRoute, str]] = {
    "el7": (
        {"etc/sysconfig/network": "GATEWAY=10.9.0.1\n", IFCFG: 'BOOTPROTO="none"\nDHCPV6C=no\n'},
        named("etc/sysconfig/network", IFCFG),
        "",
    ),
    "another-gateway-a-longer-one-and-a-comment": (
        {IFCFG: "DEVICE=eth7\nGATEWAY=10.9.0.10\nDNS1=110.9.0.1\n # 10.9.0.1\n"},
        named("", IFCFG),
        "",
    ),
    "el7-dhcp": ({IFCFG: "bootproto='dhcp'\n"}, named("", IFCFG), f"/{IFCFG} leaves it to DHCP"),
    "route-file": ({f"{SCRIPTS}/route-eth7": "default via 10.9.0.1\n"},
                   named(f"{SCRIPTS}/route-eth7", f"{SCRIPTS}/route-eth7"), ""),
    "network-manager": (
        {KEYFILE: "[connection]\ninterface-name=eth7\n[ipv4]\nmethod=manual\n"
                  "address1=10.9.0.2/24,10.9.0.1\n[ipv6]\nmethod=auto\n"},
        named(KEYFILE, KEYFILE),
        "",
    ),
    "network-manager-dhcp": (
        {KEYFILE: "[connection]\ninterface-name=eth7\n[ipv4]\nmethod=auto\n"},
        named("", KEYFILE),
        f"/{KEYFILE} leaves it to DHCP",
    ),
    "debian": ({"etc/network/interfaces": "iface eth7 inet static\n  gateway 10.9.0.1\n"},
               named("etc/network/interfaces", "etc/network/interfaces"), ""),
    "netplan-dhcp": ({"etc/netplan/a.yaml": "eth7: {}\n  dhcp4: true\n"},
                     named("", "etc/netplan/a.yaml"), "/etc/netplan/a.yaml leaves it to DHCP"),
    "nothing-is-known": ({"etc/sysconfig/network": "NOZEROCONF=yes\n", "etc/own": "10.9.0.1"},
                         named("", ""), ""),
}  # fmt: skip


@needs_root
@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("case", CASES)
def test_file_that_names_the_gateway_is_found(tmp_path: Path, way: str, case: str) -> None:
    """As EL7, EL8, EL9 and Debian keep it; a comment or part of another address is not it."""
    files, route, unread = CASES[case]
    facts = look(tmp_path, way, ("default via 10.9.0.1",), files)
    assert facts.method == way
    assert facts.default_routes == DefaultRoutes(routes=(route,), unread=unread)


@needs_root
@pytest.mark.slow
@WAYS
@pytest.mark.parametrize(
    ("routes", "found"),
    [
        ((), ()),
        (("10.0.0.0/8 via 10.9.0.1", "blackhole default"), ()),
        (("default dev eth7",), (DefaultRoute(interface="eth7", static=True),)),
        (("default via 10.9.0.1 proto bird",),
         (DefaultRoute(interface="eth7", gateway="10.9.0.1"),)),
        (("default via 10.9.0.1 table 7",), (DefaultRoute(interface="eth7", gateway="10.9.0.1"),)),
        (("default proto static nexthop via 10.9.0.1 dev eth7 nexthop via 10.9.0.4 dev eth7",),
         (VIA, DefaultRoute(interface="eth7", gateway="10.9.0.4", static=True))),
    ],
    ids=["none", "not-a-way-out", "without-a-router", "a-daemon-s", "another-table", "two-hops"],
)  # fmt: skip
def test_routes_of_all_tables_are_told(
    tmp_path: Path, way: str, routes: tuple[str, ...], found: tuple[DefaultRoute, ...]
) -> None:
    """What a daemon or another host gave, and what is of another table, need not be on disk."""
    assert look(tmp_path, way, routes, {}).default_routes == DefaultRoutes(routes=found)


@needs_root
@pytest.mark.slow
@WAYS
def test_link_out_of_etc_is_not_followed(tmp_path: Path, way: str) -> None:
    """It may lead to a disk that does not answer; that it was not read is said."""
    files = {IFCFG: "-> /mnt/far/ifcfg-eth7"}
    found = look(tmp_path, way, ("default via 10.9.0.1",), files).default_routes
    assert found is not None
    assert found.unread.startswith(f"/{IFCFG}")


@needs_root
@WAYS
def test_who_is_not_asked_for_routes_is_not_asked_for_these(tmp_path: Path, way: str) -> None:
    """A host without peers has no check that would speak of them."""
    assert look(tmp_path, way, (), {}, asked=False).default_routes is None


def test_words_of_a_hostile_shell_are_no_route() -> None:
    """What is no address is left out, and a file that is named for nothing."""
    lines = ["default via x dev eth0", "default", "nonsense", "default dev"]
    files = ["gateway", "gateway 10.0.0.1 etc", "unread", "interface eth0 /etc/\x1b[31m"]
    found = default_routes(lines, files)
    assert [(r.interface, r.gateway, r.gateway_in) for r in found.routes] == [("eth0", "", "")]
    assert "\x1b" not in found.routes[0].interface_in
    assert found.unread == ""
