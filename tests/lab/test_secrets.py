"""No secret stands in anything that an audit of a real cluster writes or prints."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from pytest_portaswitch.lab import Lab

from .auditing import SUITES

PLANTED = "s3cret-of-a-command-line"
FORGETFUL = (
    "exec -a porta-forgetful python3 -c 'import time; print(1, flush=True); time.sleep(600)' "
    f"--password {PLANTED} --token={PLANTED} MYSQL_PWD={PLANTED} "
    f"mysql://root:{PLANTED}@db1/porta"
)
"""A process that shows its secrets to everybody on its host."""


@contextmanager
def forgetful_process(lab: Lab, host: str) -> Iterator[None]:
    """Run it there as long as this lasts."""
    config = lab.cluster_file.parent / "ssh_config"
    # -tt: it ends with the connection.
    command = [
        "ssh",
        "-tt",
        "-F",
        str(config),
        f"audit@{host}",
        f"bash -c {shlex.quote(FORGETFUL)}",
    ]
    with lab.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ssh:
        assert ssh.stdout
        assert ssh.stdout.readline().strip() == "1"
        yield
        ssh.terminate()


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""


@pytest.mark.parametrize("how", ["file", "environment"])
def test_no_secret_is_anywhere(full: Lab, tmp_path: Path, how: str) -> None:
    """Pack, index, run log, JUnit, log file, terminal: with failures, and everything told."""
    folder = full.cluster_file.parent
    # Those of the operator, and those that only the hosts have.
    secrets = dict(full.record.secrets)
    secrets["key"] = (folder / "id_ed25519").read_text().splitlines()[2]
    document = yaml.safe_load(full.cluster_file.read_text())
    document["ssh"]["user"] = "auditpw"
    kept = {"radius": "radius_secret", "mysql": "database_password"}
    where = {
        name: {"file": str(folder / file)} if how == "file" else {"env": f"LAB_{name.upper()}"}
        for name, file in {**kept, "sudo": "sudo_password"}.items()
    }
    document["ssh"]["sudo_password"] = where.pop("sudo")
    document["secrets"] = where
    cluster = tmp_path / "cluster.yaml"
    cluster.write_text(yaml.safe_dump(document, sort_keys=False))
    surroundings = {
        **os.environ,
        "LAB_RADIUS": secrets["radius"],
        "LAB_MYSQL": secrets["audit"],
        "LAB_SUDO": secrets["sudo"],
    }
    command = [sys.executable, "-m", "pytest", str(SUITES), "-p", "no:cacheprovider", "-vv"]
    command += ["--cluster", str(cluster), "--audit-dir", "reports", "--showlocals"]
    command += ["--log-level", "DEBUG", "--log-file", "run.log", "--junitxml", "run.xml"]
    command += ["--html", "run.html", "--self-contained-html"]
    with forgetful_process(full, "bill1"), full.broken("stop", "bill1", "radius"):
        done = full.run(
            command, capture_output=True, text=True, env=surroundings, cwd=tmp_path, timeout=180
        )
    texts = {path.name: _text(path) for path in tmp_path.rglob("*") if path != cluster}
    texts["terminal"] = done.stdout + done.stderr
    assert "BLOCKED" in texts["terminal"]
    others = json.loads(texts["evidence.json"])["hosts"]["bill1"]["others"]
    # It was seen, without what it shows.
    assert ("python3", "audit") in {(one["name"], one["user"]) for one in others}
    for name, secret in {**secrets, "planted": PLANTED}.items():
        assert len(secret) > 10
        assert [where for where, text in texts.items() if secret in text] == [], name
