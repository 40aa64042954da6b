"""Ways to log in, and what the audit leaves behind on the hosts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit


def with_ssh(lab: Lab, folder: Path, **settings: Any) -> Path:
    """The lab's cluster file with other ssh settings."""
    document = yaml.safe_load(lab.cluster_file.read_text())
    document["ssh"] |= settings
    path = folder / "cluster.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def unseen_causes(result: Result) -> list[str]:
    """The kinds of the causes of what nobody could look at."""
    causes = result.evidence["causes"]
    return [cause["kind"] for cause in causes if cause["severity"] == "not-observed"]


def test_sudo_with_a_password(full: Lab, healthy: Result, tmp_path: Path) -> None:
    """Read from a file; it stands in nothing that the audit writes."""
    password = full.cluster_file.parent / "sudo_password"
    cluster = with_ssh(full, tmp_path, user="auditpw", sudo_password={"file": str(password)})
    result = audit(full, cluster=cluster)
    assert result.verdicts == healthy.verdicts
    secret = password.read_text().strip()
    assert secret not in json.dumps(result.evidence)
    assert secret not in result.run.stdout + result.run.stderr


def test_a_wrong_sudo_password(full: Lab, tmp_path: Path) -> None:
    """Told as such, and tried once only."""
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    wrong.chmod(0o600)
    cluster = with_ssh(full, tmp_path, user="auditpw", sudo_password={"file": str(wrong)})
    result = audit(full, "-k", "process and bill1", cluster=cluster)
    assert result.evidence["hosts"]["bill1"]["why"] == "sudo-refused"
    assert set(result.verdicts.values()) == {"unknown"}


def test_a_user_without_sudo(full: Lab, healthy: Result, tmp_path: Path) -> None:
    """Who owns a socket and what arrives is unknown; what needs no root is judged as before."""
    result = audit(full, cluster=with_ssh(full, tmp_path, user="nosudo"))
    privileged = {"connection", "listener", "port-range", "redundancy", "undeclared"}
    unknown = {c["kind"] for c in result.evidence["checks"] if c["why_unknown"] == "not-observed"}
    assert unknown == privileged
    others = {i: v for i, v in result.verdicts.items() if i.partition(":")[0] not in privileged}
    assert others.items() <= healthy.verdicts.items()
    assert unseen_causes(result) == ["login-settings"]


def test_through_a_jump_host(full: Lab, healthy: Result, tmp_path: Path) -> None:
    """Every host by way of the configuration server."""
    cluster = with_ssh(full, tmp_path, jump="audit@config")
    result = audit(full, "-k", "process", cluster=cluster)
    assert set(result.verdicts.values()) == {"pass"}


def test_a_jump_host_that_refuses(full: Lab, tmp_path: Path) -> None:
    """The finding names the jump, not the host behind it."""
    with full.broken("sshd-down", "config"):
        cluster = with_ssh(full, tmp_path, jump="audit@config")
        result = audit(full, "-k", "process and bill1", cluster=cluster)
    assert result.evidence["hosts"]["bill1"]["why"] == "jump-failed"


def test_a_key_that_is_not_accepted(full: Lab, tmp_path: Path) -> None:
    """No password is ever asked for."""
    result = audit(full, "-k", "process and bill1", cluster=with_ssh(full, tmp_path, user="root"))
    assert result.evidence["hosts"]["bill1"]["why"] == "authentication-failed"


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        ({"user": "nobody-here"}, "true"),
        ({"jump": "audit@198.51.100.1"}, "true"),
        ({"user": "auditpw"}, "sudo -n -l"),
        ({"sudo": False}, "sudo -n -l"),
    ],
)
def test_one_mistake_of_the_auditors_is_one_cause(
    full: Lab, tmp_path: Path, settings: dict[str, Any], command: str
) -> None:
    """Not one for each of the hosts; the next step goes to the first of them."""
    result = audit(full, "--connect-timeout", "3", cluster=with_ssh(full, tmp_path, **settings))
    assert unseen_causes(result) == ["login-settings"]
    (cause,) = (c for c in result.evidence["causes"] if c["kind"] == "login-settings")
    assert cause["title"].startswith(f"all {len(result.evidence['hosts'])} hosts (")
    assert cause["next"].endswith(f" {command}")


@pytest.mark.parametrize("host", ["bill1", "sip1", "db1"])
def test_an_audit_leaves_no_file_and_no_process(full: Lab, healthy: Result, host: str) -> None:
    """Compared over the whole file system, but for logs and the login's own records."""

    def files() -> set[str]:
        skipped = "( -path /proc -o -path /sys -o -path /var/log -o -path /run ) -prune"
        command = f"find / -xdev {skipped} -o -type f -printf %p:%s:%T@\\n".split()
        listing = full.exec(host, command, capture_output=True, text=True).stdout
        assert listing.count("\n") > 1000
        return set(listing.splitlines())

    def processes() -> list[str]:
        listing = full.exec(host, ["ps", "-eo", "args"], capture_output=True, text=True).stdout
        return sorted(line for line in listing.splitlines() if not line.startswith("ps "))

    before, running = files(), processes()
    audit(full)
    # Databases write their own files all the time.
    touched = {line for line in files() - before if not line.startswith("/var/lib/mysql")}
    assert touched == set()
    assert processes() == running
