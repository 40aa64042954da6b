"""The command lines that reach hosts."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from pathlib import Path

import pytest

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe import connection, ssh
from pytest_portaswitch.observe.request import Limits

LIMITS = Limits(connect_timeout=2.5)
LOGS = ("/log/1", "/log/2", "/log/3")


def words(login: Login, remote: str = "echo $HOME 'a b'") -> tuple[str, ...]:
    """Return the command line for a login."""
    command = connection.command(login, LIMITS, remote)
    if command[0] != "ssh":
        return command
    return ssh.logging(command, login.jump, LOGS, remarks=True)


def settings(command: tuple[str, ...]) -> list[str]:
    """Return what stands behind each ``-o``."""
    return [after for word, after in itertools.pairwise(command) if word == "-o"]


def test_ssh_is_safe_and_bounded() -> None:
    """ssh asks nobody, leaves nothing behind, and waits no longer than it may."""
    command = words(Login(address="sip1"))

    assert command[:3] == ("ssh", "-E", "/log/3")
    assert command[-2:] == ("sip1", "echo $HOME 'a b'")
    assert {
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "UpdateHostKeys=no",
        "NumberOfPasswordPrompts=0",
        "ControlMaster=no",
        "ControlPath=none",
        "ForwardAgent=no",
        "ForwardX11=no",
        "ClearAllForwardings=yes",
        "RequestTTY=no",
        "PermitLocalCommand=no",
        "RemoteCommand=none",
        "LogLevel=DEBUG1",
        "ConnectTimeout=3",
    } <= set(settings(command))
    assert not [word for word in command if "ControlMaster=auto" in word]
    assert not [setting for setting in settings(command) if setting.startswith("Proxy")]


def test_ssh_takes_the_settings_of_the_login() -> None:
    """Each setting is one word, whatever it holds."""
    login = Login(
        address="sip1",
        user="audit",
        port=2222,
        config="/etc/a b/config",
        key="/k %h/id",
        known_hosts="/k %h/known hosts",
        jump="noc@hop:22,inner",
    )
    command = words(login)

    assert {
        "User=audit",
        "Port=2222",
        "IdentitiesOnly=yes",
        'UserKnownHostsFile="/k %%h/known hosts"',
    } <= set(settings(command))
    assert "ProxyUseFdpass=no" in settings(command)
    assert carriers(command, "/log/3") == [
        ("/log/2", "inner", (), "[%h]:%p"),
        ("/log/1", "hop", ("-l", "noc", "-p", "22"), "[%h]:%p"),
    ]
    assert command[command.index("-F") + 1] == "/etc/a b/config"
    assert command[command.index("-i") + 1] == "/k %h/id"


def carriers(command: tuple[str, ...], own: str) -> list[tuple[str, str, tuple[str, ...], str]]:
    """Unfold the commands that carry a connection: log, host, login and target of each."""
    assert command[command.index("-E") + 1] == own
    found = []
    while carrier := [s for s in settings(command) if s.startswith("ProxyCommand=")]:
        text = carrier[0].partition("=")[2]
        # ssh expands once for each of them.
        expanded = re.sub("%(.)", lambda token: "%" if token[1] == "%" else f"\0{token[1]}", text)
        command = tuple(shlex.split(expanded))
        assert "BatchMode=yes" in settings(command)
        assert command[command.index("-F") + 1] == "/etc/a b/config"
        at = command.index("-F") + 2
        log = command[command.index("-E") + 1]
        found.append((log, command[-1], command[at:-3], command[-2].replace("\0", "%")))
    return found


def test_jump_host_with_an_ipv6_address_is_reached_by_it() -> None:
    """Brackets are for the list of jump hosts, and not for ssh's command line."""
    login = Login(address="sip1", jump="noc@[2001:db8::1]:2222", config="/etc/a b/config")
    plain = connection.command(login, LIMITS, "true")
    command = ssh.logging(plain, login.jump, LOGS[:2], remarks=True)

    assert carriers(command, "/log/2") == [
        ("/log/1", "2001:db8::1", ("-l", "noc", "-p", "2222"), "[%h]:%p")
    ]


@pytest.mark.parametrize("address", ["2001:db8::7", "fe80::1%eth0", "10.0.0.7"])
def test_addresses_reach_ssh_as_they_are(address: str) -> None:
    """IPv6 addresses and zones survive testinfra's parsing."""
    assert address == words(Login(address=address))[-2]


def test_local_is_a_shell() -> None:
    """On this machine the text is run by a shell, percent signs and all."""
    assert words(Login(connection="local", address=""), "echo 100%s") == (
        "/bin/sh",
        "-c",
        "echo 100%s",
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("docker://db1", "docker exec -i db1 /bin/sh -c"),
        ("docker://audit@db1", "docker exec -i -u audit db1 /bin/sh -c"),
        ("podman://db1", "podman exec -i db1 /bin/sh -c"),
        ("kubectl://db1?namespace=acme", "kubectl -n acme exec -i db1 -- /bin/sh -c"),
        ("openshift://db1", "oc exec -i db1 -- /bin/sh -c"),
        ("lxc://db1", "lxc exec db1 --mode=non-interactive -- /bin/sh -c"),
    ],
)
def test_containers_get_a_standard_input(spec: str, expected: str) -> None:
    """testinfra gives them none, and the conversation needs one."""
    command = words(Login(connection=spec, address="db1"), "echo 'a b'")

    assert (*expected.split(), "echo 'a b'") == command


@pytest.mark.parametrize("kind", ["paramiko", "salt", "winrm", "safe-ssh", "telepathy"])
def test_others_are_refused(kind: str) -> None:
    """A connection that cannot hold a conversation says so, and which can."""
    with pytest.raises(connection.UnfitConnection) as refusal:
        words(Login(connection=f"{kind}://db1", address="db1"))

    assert (
        f"the connection '{kind}://db1' cannot hold a conversation; those that can: "
        "ansible, ssh, local, lxc, chroot, docker, podman, kubectl, openshift"
    ) == str(refusal.value)


def test_ssh_as_a_specification_is_as_safe() -> None:
    """``ssh://`` gets the same options."""
    command = words(Login(connection="ssh://audit@sip1:2222", address="sip1"))

    assert set(ssh.options(Login(address=""), LIMITS, remarks=True)) <= set(command)
    assert {"User=audit", "Port=2222"} <= set(settings(command))


def test_passwords_of_ssh_are_refused() -> None:
    """testinfra would put them on a command line."""
    with pytest.raises(connection.UnfitConnection) as refusal:
        words(Login(connection="ssh://audit:geheim@sip1", address="sip1"))

    assert str(refusal.value) == (
        "a password for ssh would stand on a command line for all to see; use a key"
    )


def _inventory(folder: Path, monkeypatch: pytest.MonkeyPatch, hostvars: dict[str, object]) -> str:
    """Put an ``ansible-inventory`` on PATH that knows the host db1."""
    inventory = {"_meta": {"hostvars": {"db1": hostvars}}, "all": {"hosts": ["db1"]}}
    script = folder / "ansible-inventory"
    script.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps(inventory)}\nE\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return f"ansible://db1?ansible_inventory={folder}/hosts"


def test_ansible_names_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inventory's connection is used, with our options first."""
    theirs = {"ansible_host": "10.0.0.3", "ansible_ssh_common_args": "-o ControlMaster=auto"}
    spec = _inventory(tmp_path, monkeypatch, theirs)
    command = words(Login(connection=spec, address="db1"))

    assert command[-2] == "10.0.0.3"
    masters = [setting for setting in settings(command) if "ControlMaster" in setting]
    assert masters == ["ControlMaster=no", "ControlMaster=auto"]


def test_ansible_without_command_line_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible's own ways to reach hosts hold no conversation."""
    spec = _inventory(tmp_path, monkeypatch, {"ansible_connection": "winrm"})
    with pytest.raises(connection.UnfitConnection) as refusal:
        words(Login(connection=spec, address="db1"))

    assert str(refusal.value) == "ansible reaches 'db1' in a way that cannot hold a conversation"


def test_unreadable_inventory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No ansible is a finding, not a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(connection.UnfitConnection, match=r"^ansible's inventory could not be read"):
        words(Login(connection=f"ansible://db1?ansible_inventory={tmp_path}/none", address="db1"))
