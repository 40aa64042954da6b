"""One mistake of the auditor's is one line, and hosts that nobody saw make no draft. Real ssh."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_portaswitch.cli import main
from tests.unit.observe.conftest import sshd  # noqa: F401
from tests.unit.observe.sshd import Sshd, free_port

Say = Callable[..., list[str]]
NOTHING = "no host could be looked at: there is nothing to draft, and no file is written"
THREE = "all 3 hosts (a, b, c) could not be looked at: "


@pytest.fixture
def say(sshd: Sshd, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Say:  # noqa: F811
    """Discover three hosts, with one option changed; what is said on standard error."""
    config = tmp_path / "config"

    def run(hosts: str = "a b c", known: str = "", code: int = 1, **changes: str) -> list[str]:
        config.write_text(
            f"Host a b c\n HostName 127.0.0.1\n Port {changes.pop('at', sshd.port)}\n"
            f" UserKnownHostsFile {known or sshd.known_hosts}\n{changes.pop('also', '')}"
        )
        options = {"ssh-config": str(config), "key": str(sshd.key), **changes}
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        out = tmp_path / "draft.yaml"
        assert main(["discover", *hosts.split(), *words, "-o", str(out)]) == code
        said = capfd.readouterr()
        assert said.out == ""
        assert out.exists() == (code == 0)
        return said.err.splitlines()

    return run


def test_user_that_no_host_takes_is_one_line_and_no_draft(say: Say) -> None:
    assert say(user="nobody-here") == [
        f"{THREE}they accept none of the keys that ssh offered for nobody-here; check --user and "
        "--key, and that user's authorized_keys on the hosts",
        NOTHING,
    ]


def test_key_that_others_may_read_is_one_line(say: Say, sshd: Sshd, tmp_path: Path) -> None:  # noqa: F811
    key = tmp_path / "open"
    key.write_bytes(sshd.key.read_bytes())
    key.chmod(0o644)
    first, last = say(key=str(key))
    assert first == (
        f"{THREE}the host takes the key, and ssh cannot use it: others may read the file "
        f'(chmod 600) (Load key "{key}": bad permissions); check --key, or what an agent holds '
        "(ssh-add -l)"
    )
    assert last == NOTHING


def test_jump_host_that_is_down_is_one_line(say: Say) -> None:
    first, last = say(jump="no-hop", also=f"Host no-hop\n HostName 127.0.0.1\n Port {free_port()}")
    assert first.startswith(f"{THREE}the jump host no-hop: nothing takes connections there: ")
    assert first.endswith("; log in to the jump host by hand, then check --jump")
    assert last == NOTHING


def test_port_where_nothing_listens_is_one_line(say: Say) -> None:
    assert say(at=str(free_port())) == [
        f"{THREE}none takes connections on sshd's port; check --port and the addresses",
        NOTHING,
    ]


def test_host_keys_that_are_not_on_record_are_one_line_and_a_command_that_takes_them(
    say: Say, tmp_path: Path
) -> None:
    """A person sees the fingerprint and says yes; then the audit gets in."""
    known = tmp_path / "known"
    known.touch()
    first, by_hand, last = say(known=str(known))
    assert first == (
        f"{THREE}their host keys are not on record; log in to each by hand once, and accept its "
        "key only if the fingerprint is the one that ssh-keygen -lf "
        "/etc/ssh/ssh_host_ed25519_key.pub prints on its own console"
    )
    start, _, command = by_hand.partition(": ")
    assert start == "to see and accept the key of a, and likewise for 2 others"
    assert last == NOTHING
    person = tmp_path / "person"
    person.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/asked\necho yes\n')
    person.chmod(0o755)
    asking = {"DISPLAY": ":0", "SSH_ASKPASS": str(person), "SSH_ASKPASS_REQUIRE": "force"}
    subprocess.run(["sh", "-c", command], env={**os.environ, **asking}, check=True)
    assert "key fingerprint is SHA256:" in (tmp_path / "asked").read_text()
    assert say(hosts="a", known=str(known), code=0)


def test_single_host_key_that_is_not_on_record_has_a_command(say: Say, tmp_path: Path) -> None:
    first, by_hand, last = say(hosts="a", known="/dev/null")
    assert first.startswith("a (a): not looked at: host-key-unknown: the host key of a is not on ")
    assert by_hand.startswith(
        "to see and accept the key of a: ssh -o StrictHostKeyChecking=ask -o BatchMode=no "
        f"-o ConnectTimeout=10 -F {tmp_path}/config -i "
    )
    assert by_hand.endswith(" -o IdentitiesOnly=yes a true")
    assert last == NOTHING


def test_ssh_config_that_ssh_refuses_is_one_line(say: Say) -> None:
    first, last = say(also="Nonsense yes\n")
    assert first.startswith(f"{THREE}ssh rejects its settings (")
    assert first.endswith("; mend what ssh names on this machine: --ssh-config, --key")
    assert last == NOTHING


def test_names_that_do_not_resolve_are_one_line(say: Say) -> None:
    assert say(hosts="x.invalid y.invalid z.invalid") == [
        "all 3 hosts (x.invalid, y.invalid, z.invalid) could not be looked at: their names do not "
        "resolve; check the addresses, or name an ssh config that has them: --ssh-config",
        NOTHING,
    ]


def test_single_host_that_cannot_be_looked_at_keeps_its_own_words(say: Say) -> None:
    first, last = say(hosts="a", at=str(free_port()))
    assert first.startswith("a (a): not looked at: connection-refused: nothing takes connections ")
    assert last == NOTHING


def test_hosts_of_an_inventory_are_logged_in_to_as_it_says(
    sshd: Sshd,  # noqa: F811
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One by its port and key, one by a user that sshd does not know."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(
        f"all:\n  vars: {{ansible_port: {sshd.port}, ansible_private_key_file: {sshd.key}}}\n"
        "  hosts:\n    one: {ansible_host: 127.0.0.1}\n"
        "    two: {ansible_host: localhost, ansible_user: nobody-here}\n"
    )
    known = tmp_path / "known"
    known.write_text(sshd.known_hosts.read_text().replace("127.0.0.1", "localhost"))
    known.write_text(known.read_text() + sshd.known_hosts.read_text())
    arguments = ["--inventory", str(inventory), "--known-hosts", str(known), "--no-sudo"]
    assert main(["discover", *arguments]) == 1
    said = capfd.readouterr()
    assert said.err.splitlines()[0].startswith("one (127.0.0.1): ")
    assert said.err.splitlines()[1].startswith(
        "two (localhost): not looked at: authentication-failed: "
    )
    assert (
        f"ssh: {{key: '{sshd.key}', known_hosts: '{known}', port: {sshd.port}, sudo: false}}"
        in (said.out)
    )
    assert "    ssh: {user: nobody-here}" in said.out.splitlines()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every key")
def test_key_that_cannot_be_read_is_one_line(say: Say, sshd: Sshd, tmp_path: Path) -> None:  # noqa: F811
    key = tmp_path / "closed"
    key.write_bytes(sshd.key.read_bytes())
    key.chmod(0)
    assert "the file cannot be read" in say(key=str(key))[0]
