"""Whatever stands in a file, the answer is a cluster or ``BadInput``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_portaswitch import cluster, tables
from pytest_portaswitch.source import BadInput

pytestmark = pytest.mark.slow

GOOD = Path(__file__).with_name("good")
ACME = (GOOD / "everything.yaml").read_text(encoding="utf-8")
OFFICE = (GOOD.parents[1] / "tables" / "good" / "office.yaml").read_text(encoding="utf-8")

quickly = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
YAML_PIECES = st.sampled_from(
    [
        *("[", "]", "{", "}", ":", ",", "-", "?", "&", "*", "!", "|", ">", "%", "@", "`", "'", '"'),
        *("#", "\n", "\t", " ", "~", "- ", ": ", "<<: ", "&a ", "*a", "!!int ", "---\n", "...\n"),
        *("null", "yes", "10:20", "0x1", "1.20", "\\x00", '"\\ud800"', "\u202e", "\x85", "\ufeff"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """A good file with a few pieces cut out, doubled, or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        what = draw(st.one_of(st.just(""), st.just(text[start:end] * 2), YAML_PIECES, st.text()))
        text = text[:start] + what + text[end:]
    return text


def read_cluster(path: Path) -> None:
    """Read a cluster file, whatever comes of it."""
    cluster.load(path)


def read_table(path: Path) -> None:
    """Read a table file, whatever comes of it."""
    tables.load("MR119", [path])


def refusal(path: Path, read: Callable[[Path], None]) -> BadInput | None:
    """How a file is refused, or None where it is good."""
    try:
        read(path)
    except BadInput as error:
        return error
    return None


def survives(path: Path, text: str, read: Callable[[Path], None]) -> None:
    """Reading gives a result, or problems of one line each that can be printed."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    refused = refusal(path, read)
    if refused is not None:
        assert refused.problems
        assert len(str(refused).splitlines()) == len(refused.problems)
        assert str(refused).encode("utf-8")


@pytest.fixture
def beside_good(tmp_path: Path) -> Path:
    """A folder where the files that the good cluster file names exist."""
    (tmp_path / "keys").symlink_to(GOOD / "keys")
    (tmp_path / "fax.yaml").symlink_to(GOOD / "fax.yaml")
    return tmp_path / "any.yaml"


@quickly
@given(content=st.binary(max_size=200))
def test_any_bytes(beside_good: Path, content: bytes) -> None:
    """Bytes of any kind."""
    beside_good.write_bytes(content)
    assert refusal(beside_good, read_cluster)


@quickly
@given(pieces=st.lists(st.one_of(YAML_PIECES, st.text(max_size=5)), max_size=40))
def test_any_yaml(beside_good: Path, pieces: list[str]) -> None:
    """What YAML is made of, in any order."""
    survives(beside_good, "".join(pieces), read_cluster)
    survives(beside_good, "".join(pieces), read_table)


@quickly
@given(text=mutated(ACME))
def test_damaged_cluster_file(beside_good: Path, text: str) -> None:
    """A good cluster file after an accident."""
    survives(beside_good, text, read_cluster)


@quickly
@given(text=mutated(OFFICE))
def test_damaged_table(beside_good: Path, text: str) -> None:
    """A good table file after an accident."""
    survives(beside_good, text, read_table)


KEYS = (
    *("cluster", "release", "hosts", "ssh", "private", "public", "roles", "mysql", "virtual_ips"),
    *("address", "serves", "processes", "match", "secrets", "env", "file", "overrides", "row"),
    *("port", "ports", "peers", "reason", "waivers", "check", "owner", "until", "networks", "web1"),
)
SECTIONS = ("ssh", "networks", "virtual_ips", "processes", "secrets", "overrides", "waivers")
TREES = st.recursive(
    st.one_of(st.text(max_size=8), st.sampled_from(["10.0.0.1", "web", "3306", "radius"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    ),
    max_leaves=30,
)
DOCUMENTS = st.fixed_dictionaries(
    {"cluster": TREES, "hosts": TREES}, optional=dict.fromkeys(SECTIONS, TREES)
)


@quickly
@given(tree=DOCUMENTS)
def test_any_tree(beside_good: Path, tree: dict[str, object]) -> None:
    """Well-formed YAML with known keys in unknown places."""
    survives(beside_good, repr(tree), read_cluster)
