"""Problems are said in one line that people can act on."""

from __future__ import annotations

import pickle

from pytest_portaswitch.source import BadInput, Problem, closest


def test_whole_message() -> None:
    """Place, path, value, rule, way out."""
    problem = Problem("a.yaml", 3, "hosts.db1", "x", "is not known", "did you mean 'y'?")
    assert str(problem) == "a.yaml:3: hosts.db1: 'x': is not known (did you mean 'y'?)"


def test_shortest_message() -> None:
    """What does not apply is left out."""
    assert str(Problem("a.yaml", 0, "", "", "is empty")) == "a.yaml: is empty"


def test_hostile_value() -> None:
    """Nothing that stands in a file can break the line or steer a terminal."""
    problem = Problem("a\nb.yaml", 1, "x\x1b[2J", "v\n\u202e" + "w" * 99, "no\u2028")
    assert str(problem) == ("a\\nb.yaml:1: x\\x1b[2J: 'v\\n\\u202e" + "w" * 74 + "...': no\\u2028")


def test_order_and_repetition() -> None:
    """Problems come in the order of file and line, each once."""
    one, two, three = (Problem("a", 2, "", "", r) for r in ("x", "y", "y"))
    first = Problem("a", 1, "", "", "z")
    assert BadInput([two, one, three, first]).problems == (first, one, two)


def test_travels_between_processes() -> None:
    """A worker's problems reach the controller as problems."""
    error = BadInput([Problem("a", 1, "", "v", "r")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems  # noqa: S301 - our own


def test_closest() -> None:
    """The nearest word, or all of them, or that there are none."""
    assert closest("wep", ["web", "billing"]) == "did you mean 'web'?"
    assert closest("zzz", ["web", "billing"]) == "valid are billing, web"
    assert closest("zzz", []) == "none is defined"
