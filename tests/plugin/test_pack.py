"""What a run leaves: a pack that holds, signed if asked for, without a secret in it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from pytest_portaswitch.pack import verify

from .conftest import Site

SECRET = "s3cr3t-of-the-test"  # noqa: S105


@pytest.mark.slow
def test_a_run_leaves_a_pack_that_holds(site: Site) -> None:
    """With failures in it, under xdist as well."""
    site.change("db2", "nothing-runs")
    site.change("proc1", "down")
    site.audit_in_subprocess("-n", "2", "--dist", "loadgroup")
    pack = site.pack()
    assert verify(pack).problems == ()
    assert sorted(path.name for path in pack.iterdir()) == [
        "SHA256SUMS", "audit.html", "evidence.json", "oscal-assessment-results.json",
    ]  # fmt: skip


def test_a_partial_run_leaves_a_pack_that_holds(site: Site) -> None:
    """What was left out is named, so nothing is missing."""
    site.audit("-k", "listener and bill1")
    assert verify(site.pack()).problems == ()


def test_a_run_signs_with_a_key(site: Site) -> None:
    """The sums, so that the receiver knows whose they are."""
    key = site.path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(command, check=True)
    signers = site.path / "signers"
    signers.write_text("noc@acme " + key.with_suffix(".pub").read_text())
    site.audit("--sign", "key", "-k", "listener and bill1")
    proof = verify(site.pack(), signers, "noc@acme")
    assert proof.problems == ()


def test_a_key_that_cannot_sign_is_told_before_anything_is_looked_at(site: Site) -> None:
    """Not after minutes of an audit."""
    result = site.audit("--sign", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --sign: */nowhere cannot sign: *"])
    assert site.observed() == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["env", "file"])
def test_no_secret_is_anywhere(site: Site, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Not in the pack, not on the terminal, not in the logs of pytest, pytest-html or JUnit."""
    (site.path / "secret").write_text(SECRET)
    (site.path / "secret").chmod(0o600)
    monkeypatch.setenv("WHERE_IT_IS", SECRET)
    where = "{env: WHERE_IT_IS}" if kind == "env" else "{file: secret}"
    cluster = site.path / "acme.yaml"
    text = cluster.read_text().replace(
        "ssh: {user: audit, sudo: true}",
        f"ssh: {{user: audit, sudo: true, sudo_password: {where}}}\n"
        f"secrets: {{radius: {where}, mysql: {where}}}",
    )
    cluster.write_text(text)
    site.change("db2", "nothing-runs")
    result = site.audit_in_subprocess(
        "-vv", "--log-level", "DEBUG", "--log-file", "run.log", "--junitxml", "run.xml",
        "--html", "run.html", "--self-contained-html", "--showlocals",
        "--hosts", f"ssh://root:{SECRET}@db1",
    )  # fmt: skip
    assert "acme-prod: BLOCKED" in result.stdout.str()
    leaks = [
        str(path)
        for path in site.path.rglob("*")
        if path.is_file() and path.name != "secret" and SECRET.encode() in path.read_bytes()
    ]
    assert leaks == []
    assert SECRET not in result.stdout.str() + result.stderr.str()


def test_junit_has_what_a_reader_of_it_needs(site: Site) -> None:
    """The check, its verdict and grade, beside the names of the tests."""
    site.audit("--junitxml", "run.xml", "-k", "reachability and bill1 and sip1")
    text = (Path(site.path) / "run.xml").read_text()
    for name, value in (
        ("cluster", "acme-prod"),
        ("check", "reachability:bill1:sip1:radius:udp-1812"),
        ("verdict", "pass"),
        ("grade", "answered"),
        ("row", "billing.radius.udp"),
    ):
        assert f'<property name="{name}" value="{value}" />' in text


def test_sums_of_files_are_those_of_when_they_were_read(site: Site) -> None:
    """Whoever edits one while its audit runs, or puts a pipe there, changes nothing."""
    cluster = site.path / "acme.yaml"
    before = hashlib.sha256(cluster.read_bytes()).hexdigest()
    site.path.joinpath("replacing.py").write_text(
        "import os\n\n\ndef pytest_runtest_setup(item):\n"
        f"    if os.path.isfile({str(cluster)!r}):\n"
        f"        os.unlink({str(cluster)!r})\n        os.mkfifo({str(cluster)!r})\n"
    )
    site.audit_in_subprocess("-p", "replacing", "-k", "listener and bill1")
    evidence = json.loads((site.pack() / "evidence.json").read_text())
    assert cluster.is_fifo()
    assert evidence["run"]["files"]["acme.yaml"] == before
