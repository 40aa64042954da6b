"""What a site has asked instead of the usual question stands in every output, and verifies."""

from __future__ import annotations

import json

from pytest_portaswitch.pack import verify

from .conftest import Site

WHAT = "access-request on udp/1812: a login that is to be refused"
CHECK = "reachability:bill1:proc1:radius:udp-1812"


def test_what_is_asked_is_told(site: Site) -> None:
    """Terminal, page and evidence; of the accounting port nothing, where nothing changes."""
    with (site.path / "acme.yaml").open("a") as file:
        file.write("questions: {radius: access-request}\n")
    result = site.audit("-k", "reachability and radius")
    assert f"asked {WHAT}" in " ".join(result.stdout.str().split())
    pack = site.pack()
    assert f"<b>Asked</b> this site has asked {WHAT}" in (pack / "audit.html").read_text()
    evidence = json.loads((pack / "evidence.json").read_text())
    asked = {check["port"]: check["expects"]["question"] for check in evidence["checks"]}
    assert asked == {1812: "access-request", 1813: ""}
    (one,) = (check for check in evidence["checks"] if check["id"] == CHECK)
    assert "asked by access-request" in one["message"]
    assert verify(pack).problems == ()


def test_where_nothing_is_asked_otherwise_nothing_is_told(site: Site) -> None:
    """The usual questions need no words."""
    result = site.audit("-k", "reachability and radius")
    assert "  asked  " not in result.stdout.str()
    assert "<b>Asked</b>" not in (site.pack() / "audit.html").read_text()
