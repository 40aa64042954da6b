"""testinfra hosts with bounds, without a host."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.cluster.model import Login, SecretRef
from pytest_portaswitch.observe import HostError, Limits, testinfra_host
from tests.unit.observe.conftest import FakeSsh

pytestmark = pytest.mark.usefixtures("nothing_left")

LOCAL = Login(connection="local", address="")
SUDO = Login(connection="local", address="", sudo=True)


def test_local_command() -> None:
    """Commands run, with testinfra's quoting, and their exit status counts."""
    result = testinfra_host(LOCAL, Limits()).run("echo %s; exit 3", "a b")

    assert (result.rc, result.stdout) == (3, "a b\n")


def test_input_is_empty() -> None:
    """A command that reads finds the end of its input."""
    assert testinfra_host(LOCAL, Limits(host_timeout=5)).run("cat").stdout == ""


def test_output_is_bounded() -> None:
    """A command that never stops talking is cut."""
    with pytest.raises(HostError) as error:
        testinfra_host(LOCAL, Limits(output=100_000)).run("yes")

    assert str(error.value) == "the command said more than 100000 bytes"


def test_time_is_bounded() -> None:
    """A command that never ends is cut."""
    with pytest.raises(HostError) as error:
        testinfra_host(LOCAL, Limits(host_timeout=0.3)).run("sleep 50 & sleep 51")

    assert str(error.value) == (
        "the command did not end within 0.3 s, login included, and was cut: "
        "/bin/sh -c 'sleep 50 & sleep 51'"
    )


class FakeSudo:
    """A script in the place of sudo; ``asked`` has its arguments, a line each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._script = folder / "sudo"

    def write(self, body: str) -> None:
        """Have ``sudo`` run ``body``."""
        self._script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{self.folder}/asked\n{body}\n')
        self._script.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """The arguments before the command."""
        return (self.folder / "asked").read_text().partition("/bin/sh")[0].split("\n")[:-1]


RUNS = 'while [ "$1" != -- ]; do shift; done; shift; echo "a warning" >&2; exec "$@"'
"""What sudo does when it runs the command."""


@pytest.fixture
def sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSudo:
    """A sudo that runs the command as we are."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    fake = FakeSudo(tmp_path)
    fake.write(RUNS)
    return fake


def test_login_with_sudo_runs_commands_as_root_and_asks_nothing(sudo: FakeSudo) -> None:
    result = testinfra_host(SUDO, Limits()).run("echo %s; echo oh >&2; exit 1", "a b")

    assert (result.rc, result.stdout, result.stderr) == (1, "a b\n", "a warning\noh\n")
    assert sudo.asked == ["-n", "--"]


def test_sudo_reaches_the_host_of_ssh_in_one_piece(fake_ssh: FakeSsh, sudo: FakeSudo) -> None:
    fake_ssh.write('exec /bin/sh -c "$command"')
    host = testinfra_host(Login(address="sip1", sudo=True), Limits())

    with host.sudo("nobody"):
        assert host.check_output("echo %s", 'it\'s "$HOME" 100%') == 'it\'s "$HOME" 100%'
    assert sudo.asked == ["-n", "-u", "nobody", "--"]


def test_login_that_may_become_root_becomes_others_through_root() -> None:
    host = testinfra_host(SUDO, Limits())
    with host.sudo("nobody"):
        command = host.backend.get_command("id")

    assert command.startswith("sudo -n -- /bin/sh -c 'exec sudo -n -u nobody -- /bin/sh -c ")


def test_nested_sudo_runs_as_the_innermost_user(sudo: FakeSudo) -> None:
    """And without a name as root; each ends with its block."""
    host = testinfra_host(LOCAL, Limits())
    asked = []
    with host.sudo("first"):
        with host.sudo("second"):
            host.run("true")
            asked.append(sudo.asked)
        with host.sudo():
            host.run("true")
            asked.append(sudo.asked)
        host.run("true")
        asked.append(sudo.asked)
    (sudo.folder / "asked").unlink()
    host.run("true")

    assert asked == [["-n", "-u", "second", "--"], ["-n", "--"], ["-n", "-u", "first", "--"]]
    assert not (sudo.folder / "asked").exists()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("echo 'sudo: a password is required' >&2; exit 1", "sudo: a password is required"),
        ("echo 'sudo: unknown user: nobody' >&2; exit 1", "sudo: unknown user: nobody"),
        ("exit 0", "it gave no reason"),
    ],
)
def test_sudo_that_does_not_run_the_command_raises(sudo: FakeSudo, body: str, why: str) -> None:
    """Its exit status would say that a file does not exist, or that all is well."""
    sudo.write(body)
    host = testinfra_host(LOCAL, Limits())

    with host.sudo("nobody"), pytest.raises(HostError) as error:
        _ = host.file("/etc/passwd").exists
    assert str(error.value) == (
        f"sudo did not run the command as nobody: {why}; "
        "the host's sudoers must let the login's user run commands as nobody"
    )


@pytest.mark.parametrize("name", ["", "-s", "#-1", "#4294967295", "a b", "x\n-s", "$(id)", "r/t"])
def test_hostile_name_of_a_user_is_refused(sudo: FakeSudo, name: str) -> None:
    host = testinfra_host(LOCAL, Limits())

    with pytest.raises(HostError, match=r" is no name of a user$"), host.sudo(name):
        host.run("true")
    assert not (sudo.folder / "asked").exists()


@pytest.mark.parametrize("name", ["www-data", "_apt", "host$", "CORP\\audit", "a.b@corp", "#65534"])
def test_usual_name_of_a_user_is_taken(sudo: FakeSudo, name: str) -> None:
    host = testinfra_host(LOCAL, Limits())

    with host.sudo(name):
        assert host.run("true").rc == 0
    assert sudo.asked == ["-n", "-u", name, "--"]


def test_password_goes_to_sudo_alone(sudo: FakeSudo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to the command, where sudo asks for none; and it is struck out of what a host sends."""
    monkeypatch.setenv("SUDO_PASSWORD", "s3cr3t-word")
    login = msgspec.structs.replace(SUDO, sudo_password=SecretRef(env="SUDO_PASSWORD"))
    host = testinfra_host(login, Limits())

    assert host.run("cat; env").stdout.count("s3cr3t-word") == 0
    assert sudo.asked == ["-S", "-p", "", "--"]
    sudo.write(f'read -r word; echo "$word"; {RUNS}')
    assert host.run("true").stdout == "***\n"


@pytest.mark.parametrize("coded", ["base64", "od -An -tx1 | tr -d ' '"])
@pytest.mark.parametrize("stream", ["1", "2"])
def test_password_that_comes_back_otherwise_written_is_struck_out(
    sudo: FakeSudo, monkeypatch: pytest.MonkeyPatch, coded: str, stream: str
) -> None:
    """Also of what a later command says, which nobody sent it to."""
    monkeypatch.setenv("SUDO_PASSWORD", "s3cr3t-word")
    login = msgspec.structs.replace(SUDO, sudo_password=SecretRef(env="SUDO_PASSWORD"))
    host = testinfra_host(login, Limits())
    command = f"printf s3cr3t-word | {coded} >&{stream}"

    for said in (host.run(command), host.run(f"true; {command}")):
        last = (said.stdout if stream == "1" else said.stderr).splitlines()[-1]
        # Of base64 the last character depends on what follows.
        assert re.fullmatch(r"\*{3}.{0,2}", last), last


def test_password_that_is_not_there_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_PASSWORD", raising=False)
    login = msgspec.structs.replace(SUDO, sudo_password=SecretRef(env="SUDO_PASSWORD"))

    with pytest.raises(HostError, match=r"^the password for sudo is not to be had: .*is not set"):
        testinfra_host(login, Limits()).run("true")


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("sudo"), reason="needs root and a real sudo"
)
def test_real_sudo_runs_as_the_user(tmp_path: Path) -> None:
    """A file that the user may not see is not seen."""
    hidden = tmp_path / "of root"
    hidden.mkdir(mode=0o700)
    (hidden / "file").touch()
    host = testinfra_host(SUDO, Limits())

    assert host.user().name == "root"
    assert host.file(str(hidden / "file")).exists
    with host.sudo("nobody"):
        assert host.user().name == "nobody"
        assert not host.file(str(hidden / "file")).exists
    assert host.user().name == "root"


def test_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without ssh is told as such."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(HostError) as error:
        testinfra_host(Login(address="sip1"), Limits()).run("true")

    assert str(error.value) == "ssh cannot be started here: No such file or directory"


def test_unfit_connection() -> None:
    """A connection that cannot be bounded is refused at once."""
    with pytest.raises(HostError, match=r"^the connection 'salt://x' cannot hold a conversation"):
        testinfra_host(Login(connection="salt://x", address=""), Limits())
