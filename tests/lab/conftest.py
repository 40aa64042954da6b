"""Labs for the tests: one of each shape, started when first needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit


def missing_capability() -> str:
    """Why no lab can run here, or empty. Only a named lack skips a test."""
    if os.geteuid() != 0:
        return "the lab's tests need root"
    tools = [tool for tool in ("mmdebstrap", "unshare", "nsenter", "ip") if not shutil.which(tool)]
    return f"not installed: {', '.join(tools)}" if tools else ""


@pytest.fixture(scope="session", autouse=True)
def lab_is_possible() -> None:
    """Skip by name what this machine cannot do; CI can do all of it."""
    lack = missing_capability()
    if lack and os.environ.get("CI"):
        pytest.fail(f"CI must run the lab's tests: {lack}")
    if lack:
        pytest.skip(lack)


@pytest.fixture(scope="session")
def full(lab_is_possible: None) -> Iterator[Lab]:
    """The ``full`` topology, healthy between tests."""
    with Lab.up("full", name=f"test-full-{os.getpid()}") as lab:
        yield lab


@pytest.fixture(scope="session")
def healthy(full: Lab) -> Result:
    """An audit of it before anything was broken."""
    return audit(full, measured=True)
