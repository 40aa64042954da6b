"""Every input that is known to the fuzzers holds the promise, and what they find is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import run
from .strategies import altered
from .target import Target, check
from .targets import TARGETS, inputs

pytestmark = pytest.mark.slow

WHOLE = ("whole-reply", "pack")
"""Of these one input takes a second."""


@pytest.mark.parametrize("name", TARGETS)
def test_known_inputs_hold(name: str) -> None:
    """Seeds and corpus, as the fuzzers run them."""
    for data in inputs(name):
        check(TARGETS[name], data)


@pytest.mark.parametrize("name", sorted(set(TARGETS) - set(WHOLE)))
def test_altered_inputs_hold(name: str) -> None:
    """Cut, spliced and changed: nearly valid, as random bytes are not."""

    @settings(max_examples=150, deadline=None, suppress_health_check=[*HealthCheck])
    @given(altered(list(inputs(name)), TARGETS[name].largest))
    def holds(data: bytes) -> None:
        check(TARGETS[name], data)

    holds()


@pytest.mark.parametrize("guided", [False, True])
def test_finding_ends_a_run_and_is_kept(
    guided: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With the place, so that whoever sees it can mend it."""
    if guided:
        pytest.importorskip("atheris")

    def breaks(data: bytes) -> list[str]:
        if b"\xff" in data:
            raise ZeroDivisionError("a finding")
        return []

    target = Target(breaks, lambda: iter([b"a\xfe", b"b"]))
    monkeypatch.setattr(run, "CORPUS", tmp_path / "corpus")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    (tmp_path / "fuzz").mkdir()
    fuzz = run._guided if guided else run._unguided
    pid = run._begin(fuzz, "x:tcp", target, [b"a\xfe", b"b"], 60, tmp_path / "fuzz")
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert run._tell("x:tcp", 0.0, tmp_path / "fuzz", code)
    kept = next((tmp_path / "corpus/x-tcp").iterdir())
    assert b"\xff" in kept.read_bytes()
    said = capfd.readouterr().out
    assert "FOUND x:tcp" in said
    assert "ZeroDivisionError: a finding" in said
    assert "kept as corpus/x-tcp/" in said


@given(st.text(max_size=8))
def test_what_could_steer_a_terminal_is_a_finding(text: str) -> None:
    """The promise can be broken."""
    target = Target(lambda data: [data.decode()], lambda: iter(()))
    check(target, b"plain text")
    with pytest.raises(AssertionError, match="shows"):
        check(target, (text + "\x1b[2J").encode("utf-8", "replace"))
