"""testinfra hosts with bounds, without a host."""

from __future__ import annotations

import pytest

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe import HostError, Limits, testinfra_host
from tests.unit.observe.conftest import FakeSsh

pytestmark = pytest.mark.usefixtures("nothing_left")

LOCAL = Login(connection="local", address="")


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


def test_sudo_asks_nothing(fake_ssh: FakeSsh) -> None:
    """With sudo, commands run by ``sudo -n``."""
    fake_ssh.write('echo "$command"')
    host = testinfra_host(Login(address="sip1", sudo=True), Limits())

    assert host.run("id -u").stdout == "sudo -n /bin/sh -c 'id -u'\n"


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
