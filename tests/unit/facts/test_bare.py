"""JSON as Python's own module has it, without that module."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.facts import bare

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_json_as_ever(value: object) -> None:
    """What one writes the other reads, and both write the same."""
    assert bare.encoded(value) == json.dumps(value)
    assert bare.decoded(json.dumps(value)) == value


def test_what_json_does_not_know() -> None:
    """A mistake in a reply is not sent as something else."""
    with pytest.raises(TypeError, match="bytes is nothing that JSON knows"):
        bare.encoded({"a": [b"x"]})


def test_where_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another Python than CPython has Python's own."""
    monkeypatch.setitem(sys.modules, "_json", None)
    assert bare._json() == (json.dumps, json.loads)


def test_where_it_is_called_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no public interface: one day it may be another."""
    import _json

    monkeypatch.setattr(_json, "make_encoder", lambda: None)
    assert bare._json() == (json.dumps, json.loads)
