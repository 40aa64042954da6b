"""A run whose hosts say the worst: what it prints and writes is ours, and is what it is."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from tests.unit.text.hostile import SENTINEL, assert_harmless

from .conftest import Site


@pytest.mark.slow
@pytest.mark.parametrize("how", [["-rA", "-v"], ["-rA", "--tb=long", "-n", "2"], ["--color=yes"]])
def test_nothing_that_hosts_say_can_act(site: Site, how: list[str]) -> None:
    for host in ("bill1", "sip1", "db1"):
        site.change(host, "says-the-worst")
    site.change("web1", "lost-with-the-worst")
    logs = ("--junitxml", "junit.xml", "--html", "run.html", "--self-contained-html")
    result = site.audit_in_subprocess(*logs, *how)
    assert SENTINEL in result.stdout.str()
    assert_harmless(re.sub(r"\x1b\[[0-9;]*m", "", result.stdout.str()))
    assert_harmless(result.stderr.str())
    junit = (site.path / "junit.xml").read_text()
    assert_harmless(junit)
    assert SENTINEL in junit
    assert ET.fromstring(junit).tag == "testsuites"  # noqa: S314
    pack = site.path / "reports" / "acme-prod"
    for path in (*pack.iterdir(), pack.parent / "index.html"):
        assert_harmless(path.read_text())
    html = (site.path / "run.html").read_text()
    assert SENTINEL in html
    assert "<script>alert(" not in html
    assert "<img src=x" not in html
