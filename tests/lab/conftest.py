"""Labs for the tests: one of each shape, started when first needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit
from .table import PROPERTY, Row, document, is_whole, lines


def pytest_addoption(parser: pytest.Parser) -> None:
    """The page about the faults is written by the tests that prove it."""
    parser.addoption("--write-faults", metavar="FILE", help="write what the faults came to, if all")


def pytest_configure(config: pytest.Config) -> None:
    """Gather on whoever reports: under xdist, that is the controller."""
    config.pluginmanager.register(_Faults(config), "portaswitch-lab-faults")


class _Faults:
    def __init__(self, config: pytest.Config) -> None:
        self.file = config.getoption("--write-faults", default=None)
        self.rows: list[Row] = []
        self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A row comes with the report of a test that held."""
        self.failed += report.failed
        if report.when == "call" and report.passed:
            rows = [value for key, value in report.user_properties if key == PROPERTY]
            self.rows += [msgspec.json.decode(str(value), type=Row) for value in rows]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table, and the file where one is wanted."""
        if not self.rows:
            return
        terminalreporter.section("Faults of the lab, and how many causes were named")
        for line in lines(self.rows):
            terminalreporter.write_line(line)
        if self.file and is_whole(self.rows) and not self.failed:
            Path(self.file).write_text(document(self.rows), encoding="utf-8")
            terminalreporter.write_line(f"written: {self.file}")
        elif self.file:
            terminalreporter.write_line(f"not written, for not all of it held: {self.file}")


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
