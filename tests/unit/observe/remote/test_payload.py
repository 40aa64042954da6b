"""What is sent to a host: small, self-contained, and fit for Python 3.6."""

from __future__ import annotations

import ast
import base64
import importlib
import json
import socket
import sys
import zlib
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import HostFacts, Probe
from pytest_portaswitch.observe.remote.payload import parts, payload
from pytest_portaswitch.observe.request import Limits, Request, Step
from tests.unit.observe.remote.conftest import tcp, udp
from tests.unit.observe.remote.talk import NONCE, converse, environment, request_of

LIMITS = Limits(host_timeout=30)
PARTS = [(name, text) for name, text in parts() if text]
ids = [name.rpartition(".")[2] for name, _ in PARTS]


def sent(request: Request, left: float | None = None) -> dict[str, object]:
    """Return what a payload for Python holds."""
    data = payload(request, LIMITS, NONCE, True, left)
    head, _, body = data.partition(b"\n")
    assert head.decode() == f"PORTASWITCH {NONCE} payload {len(body)}"
    *_, asked = zlib.decompress(base64.b64decode(body)).split(b"\0")
    found: dict[str, object] = json.loads(asked)
    return found


@pytest.mark.parametrize(("name", "text"), PARTS, ids=ids)
def test_python_36(name: str, text: str) -> None:
    """Every part is Python 3.6, and annotates without anything that 3.6 would evaluate."""
    ast.parse(text, name, feature_version=(3, 6))
    assert "__future__" not in text


@pytest.mark.parametrize(("name", "text"), PARTS, ids=ids)
def test_self_contained(name: str, text: str) -> None:
    """A part needs the standard library, and other parts."""
    others = {other for other, _ in parts()} - {name}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            wanted = str(node.module)
        elif isinstance(node, ast.Import):
            wanted = node.names[0].name
        else:
            continue
        if _for_the_type_checker(text, node):
            continue
        assert wanted in others or wanted.partition(".")[0] in sys.stdlib_module_names
        if wanted.endswith(".program"):
            assert isinstance(node, ast.ImportFrom)
            assert all(f"{wanted}.{alias.name}" in others for alias in node.names)


def _for_the_type_checker(text: str, node: ast.stmt) -> bool:
    return any(
        isinstance(block, ast.If)
        and isinstance(block.test, ast.Name)
        and block.test.id == "TYPE_CHECKING"
        and block.lineno <= node.lineno <= (block.end_lineno or 0)
        for block in ast.walk(ast.parse(text))
    )


@pytest.mark.parametrize(("name", "text"), PARTS, ids=ids)
def test_nothing_is_loaded_for_comfort(name: str, text: str) -> None:
    """What takes Python long to load is loaded where a host is asked for it."""
    slow = {"base64", "collections", "contextlib", "enum", "functools", "hashlib", "json", "re",
            "signal", "socket", "ssl", "subprocess", "typing"}  # fmt: skip
    loaded = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.parse(text).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert loaded & slow == ({"re"} if name.endswith(".matching") else set())


def test_all_parts() -> None:
    """Every module of the program is sent."""
    folder = Path(sys.modules["pytest_portaswitch.observe.remote"].__path__[0]) / "program"
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert names <= {name.rpartition(".")[2] for name, _ in parts()}


def test_a_host_compiles_what_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts that send probes are not looked at by a host that sends none by them."""
    module = importlib.import_module("pytest_portaswitch.observe.remote.payload")

    def broken(part: str, *probes: Probe) -> HostFacts:
        changed = [
            (name, "not a program" if name.endswith(part) else text) for name, text in parts()
        ]
        with monkeypatch.context() as patch:
            patch.setattr(module, "parts", lambda: changed)
            module._constant.cache_clear()
            return converse(request_of(probes=probes), environment(tmp_path)).facts

    try:
        quiet = broken(".flight")
        assert (quiet.gap("probes"), quiet.hostname) == ("", socket.gethostname())
        assert "SyntaxError" in broken(".flight", tcp(9)).gap("probes")
        assert broken(".datagram", tcp(9)).gap("probes") == ""
        assert "SyntaxError" in broken(".datagram", udp(9)).gap("probes")
    finally:
        module._constant.cache_clear()


def test_compact() -> None:
    """A thousand probes with scripts go in some kilobytes beyond the program, each once."""
    probes = tuple(
        Probe(transport="tcp", address=f"10.0.{host}.1", port=port, protocol="sip")
        for host in range(100)
        for port in range(12)
    )
    request = request_of(
        probes=probes * 2, scripts={"sip": (Step(send=b"x" * 500), Step(receive=4096))}
    )
    whole = payload(request, LIMITS, NONCE, True)
    bare = payload(Request(host="h"), LIMITS, NONCE, True)
    assert len(whole) - len(bare) < 30_000
    assert len(bare) < 64_000
    assert len(sent(request)["request"]["probes"]) == 1200  # type: ignore[index]


@pytest.mark.parametrize(("left", "deadline"), [(None, 29.0), (5.5, 4.5), (0.1, 1.0)])
def test_deadline(left: float | None, deadline: float) -> None:
    """The program's deadline is a second before the controller's, whatever is left of that."""
    assert sent(Request(host="h"), left)["deadline"] == deadline


def test_shell() -> None:
    """bash gets its request as words that cannot be anything else than what they are."""
    probes = (
        Probe(transport="tcp", address="10.0.0.1", port=22),
        Probe(transport="tcp", address="10.0.0.1", port=22),
        Probe(transport="tcp", address="10.0.0.1", port=3306, protocol="mysql"),
        Probe(transport="tcp", address="::1", port=5060, protocol="sip"),
        Probe(transport="tcp", address="$(reboot)", port=1),
        Probe(transport="icmp", address="10.0.0.1", port=0),
        Probe(transport="tcp", address="10.0.0.1", port=23, unless="icmp:10.0.0.1:0"),
        Probe(transport="tcp", address="10.0.0.1", port=24, unless="icmp:10.0.0.9:0"),
    )
    request = request_of(
        probes=probes,
        scripts={"sip": (Step(send=b"x"),)},
        routes_to=("10.0.0.1", "; reboot"),
        connections_to=("10.0.0.2", "a b"),
        probe_timeout=2.6,
    )
    head, _, body = payload(request, LIMITS, NONCE, False).partition(b"\n")
    assert head.decode() == f"PORTASWITCH {NONCE} payload {len(body)}"
    assert body.decode().splitlines()[:5] == [
        "deadline=29",
        "patience=3",
        "probes=('tcp 10.0.0.1 22 plain' 'tcp 10.0.0.1 3306 mysql'"
        " 'tcp ::1 5060 script' 'icmp 10.0.0.1 0 plain tcp 10.0.0.1 23 plain'"
        " 'tcp 10.0.0.1 24 plain')",
        "routes=(10.0.0.1)",
        "wanted=(10.0.0.2)",
    ]
