"""A machine that lacks what some checks need: they are unknown for that, all else is audited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_portaswitch.pack import verify

from .conftest import ROOT, Site

FIPS = """
import _hashlib, hashlib, hmac, sys

def refuse(*_, **__):
    raise ValueError("[digital envelope routines] unsupported")

def refusing(work):
    def wrapped(*given, **named):
        words = [one for one in (*given, *named.values()) if isinstance(one, str)]
        return refuse() if "md5" in map(str.lower, words) else work(*given, **named)
    return wrapped

sys.modules["_md5"] = None
hashlib.md5 = _hashlib.openssl_md5 = refuse
hashlib.new, _hashlib.new = refusing(hashlib.new), refusing(_hashlib.new)
_hashlib.hmac_new = refusing(_hashlib.hmac_new)
"""
"""As OpenSSL in FIPS mode has it."""

CLUSTER = """
cluster: fips
release: MR119
hosts:
  config: {private: 10.0.0.2, roles: [configuration], connection: local}
  bill1: {private: 10.0.0.5, roles: [billing], connection: local}
  sip1: {private: 10.0.0.7, roles: [dispatching-node], connection: local}
secrets:
  radius: {env: RADIUS_SECRET}
"""

ALONE = ["unshare", "--net", "sh", "-c"]
"""A network of its own, in which this machine has all of the cluster's addresses."""
ADDRESSES = "ip link set lo up && for n in 2 5 7; do ip addr add 10.0.0.$n/24 dev lo; done && "


def evidence_in(pack: Path) -> Any:
    assert verify(pack).problems == ()
    return json.loads((pack / "evidence.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("secret", [True, False])
def test_machine_that_refuses_md5_audits_all_but_radius(tmp_path: Path, secret: bool) -> None:
    try:
        subprocess.run([*ALONE, ADDRESSES + "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not make a network of its own")
    (tmp_path / "fips.yaml").write_text(CLUSTER if secret else CLUSTER.partition("secrets:")[0])
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "sitecustomize.py").write_text(FIPS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    path = os.pathsep.join([str(tmp_path / "path"), str(ROOT)])
    result = subprocess.run(
        [*ALONE, f"{ADDRESSES}exec {sys.executable} -m pytest suites --cluster=fips.yaml"],
        env={**os.environ, "PYTHONPATH": path, "RADIUS_SECRET": "topsecret"},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert result.returncode == 1, result.stdout + result.stderr
    made = evidence_in(tmp_path / "reports" / "fips")
    assert "internal_errors" not in made or made["internal_errors"] == []
    assert {host["method"] for host in made["hosts"].values()} == {"python"}
    refused = [c for c in made["checks"] if "MD5" in c["cause"]]
    found = {(c["kind"], c["subcomponent"], c["verdict"], c["cause"]) for c in refused}
    why = (
        "this machine refuses MD5, which RADIUS needs (is it in FIPS mode?); run the audit on one "
        "that has it"
    )
    # Without a secret nothing is signed.
    assert found == ({("reachability", "radius", "unknown", why)} if secret else set())
    others = [c for c in made["checks"] if c["kind"] == "reachability" and c not in refused]
    assert others
    assert "could not be asked" not in " ".join(c["message"] for c in others)


NO_CRYPTOGRAPHY = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "cryptography":
            raise {error}

def pytest_collection_modifyitems():
    # The scripted facts need it until here.
    sys.meta_path.insert(0, Refuse())
    for name in [*sys.modules]:
        own = name.rpartition(".")[2] in ("certificate", "trust", "chain_rules")
        if own or "cryptography" in name:
            del sys.modules[name]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "error", ['RuntimeError("OpenSSL\'s legacy provider failed to load")', "ImportError()"]
)
def test_machine_without_cryptography_audits_all_but_certificates(site: Site, error: str) -> None:
    """The pack holds on a machine that has it: this one."""
    (site.path / "without.py").write_text(NO_CRYPTOGRAPHY.format(error=error))
    result = site.audit_in_subprocess("-p", "without")
    assert result.ret == 1
    why = f"the library cryptography cannot be loaded on this machine ({error.partition('(')[0]})"
    made = evidence_in(site.path / "reports" / "acme-prod")
    assert made["verdict"] == "could-not-be-assessed"
    assert made["internal_errors"] == []
    unread = [c for c in made["checks"] if c["cause"] == why]
    assert {c["kind"] for c in unread} == {"tls"}
    assert {c["verdict"] for c in made["checks"] if c["kind"] == "tls"} == {"unknown"}
    assert made["totals"]["failed"] == 0
    assert made["totals"]["unknown"] == len(unread) + 4
