"""The login command: in every shell, with every sudo, with every Python."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.observe.remote import login_command
from pytest_portaswitch.observe.remote.login import prompt
from pytest_portaswitch.observe.request import Request
from tests.unit.observe.remote.conftest import Serve, script, tcp, udp
from tests.unit.observe.remote.talk import (
    NONCE,
    Progress,
    converse,
    environment,
    open_environment,
    request_of,
    tools,
    without_python,
)

REQUEST = Request(host="h")
ROOT = os.geteuid() == 0
as_user = pytest.mark.skipif(not ROOT, reason="becoming another user needs root")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c")


@pytest.mark.parametrize("sudo", ["none", "passwordless", "password"])
def test_safe(sudo: str) -> None:
    """No shell finds anything to expand, and each finds one line."""
    command = login_command(sudo, NONCE)  # type: ignore[arg-type]
    assert not set(command) & set("\n\\!`")
    # Outside of the quotes stand only plain words.
    assert set("".join(command.split("'")[::2])) <= set("sh -c" + NONCE)
    assert len(command) < 2500


def test_nonce() -> None:
    """A nonce cannot be anything else, for it goes into a command."""
    with pytest.raises(ValueError, match=r"^a nonce is 8 to 64 hexadecimal digits: \"a'b\"$"):
        login_command("none", "a'b")


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "tcsh", "csh", "zsh", "fish", "ksh"])
def test_shells(tmp_path: Path, shell: str) -> None:
    """Every login shell does the same."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    talk = converse(REQUEST, environment(tmp_path), shell=(path, "-c"))  # noqa: S604 - as ssh does
    assert talk.facts.method == "python"
    assert talk.progress == Progress(stage="ready", python=True, root=ROOT)
    assert (talk.stderr, talk.code) == ("", 0)


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9", "3.10", "3.12", "3.13", "3.14"])
def test_pythons(tmp_path: Path, serve: Serve, certificate: Path, version: str) -> None:
    """The program runs under every Python from 3.6 on, in all of its parts."""
    versions = Path.home() / ".pyenv" / "versions"
    found = sorted(versions.glob(f"{version}.*/bin/python3"))
    python = str(found[0]) if found else shutil.which(f"python{version}", path="/usr/bin")
    if python is None:
        pytest.skip(f"Python {version} is not installed")
    port = serve(lambda connection: connection.sendall(connection.recv(10)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def treat(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(secured.recv(10))

    request = request_of(
        scripts=script(b"hi", 10),
        probes=(
            tcp(port, "p"),
            udp(1),
            Probe(transport="tls", address="127.0.0.1", port=serve(treat), protocol="p"),
            Probe(transport="icmp", address="127.0.0.1", port=0),
        ),
        routes_to=("127.0.0.1",),
        connections_to=("127.0.0.1",),
    )
    facts = converse(request, environment(tmp_path, python=python)).facts
    assert facts.processes
    assert facts.interfaces
    assert facts.routes[0].interface == "lo"
    assert [result.outcome for result in facts.probes][:3] == ["connected", "refused", "connected"]
    assert [result.received for result in facts.probes][:3] == [(b"hi",), (), (b"hi",)]
    assert {gap.what for gap in facts.gaps} <= {"release", "owners"}


@pytest.mark.parametrize(
    "does",
    [
        "exit 9",  # too old
        "exec /nonexistent/python",  # broken
        "echo Unknown option: -I >&2; exit 2",  # Python 2
    ],
)
def test_next_python(tmp_path: Path, does: str) -> None:
    """A Python that does not do is passed over for the next."""
    env = environment(tmp_path)
    good = tmp_path / "bin" / "python3"
    good.rename(good.with_name("python3.7"))
    good.write_text(f"#!/bin/sh\n{does}\n")
    good.chmod(0o755)
    command = without_python()
    assert converse(REQUEST, env, command=command).facts.method == "python"


def test_nothing(tmp_path: Path) -> None:
    """A host without Python and bash says so."""
    talk = converse(REQUEST, tools(tmp_path, "sh"), command=without_python())
    assert talk.progress == Progress(stage="none")
    assert talk.code == 0


def with_sudo(tmp_path: Path, does: str) -> dict[str, str]:
    """Return an environment that anybody may use, whose ``sudo`` is a script."""
    env = open_environment(tmp_path)
    fake = tmp_path / "bin" / "sudo"
    fake.write_text(f"#!/bin/sh\n{does}\n")
    fake.chmod(0o755)
    return env


# What is left of sudo's arguments after its options is the command.
RUN = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'


@as_user
def test_passwordless(tmp_path: Path) -> None:
    """sudo is asked without a password, and what follows runs under it."""
    env = with_sudo(tmp_path, f'[ "$1" = -n ] || exit 1; {RUN}')
    talk = converse(REQUEST, env, sudo="passwordless", shell=NOBODY)
    assert talk.facts.method == "python"
    assert "sudo" not in talk.facts.gap("owners")


@as_user
def test_refused(tmp_path: Path) -> None:
    """Where sudo refuses, the trip goes on as the login user and says so in sudo's words."""
    env = with_sudo(tmp_path, 'echo "sudo: a password is required" >&2; exit 1')
    talk = converse(REQUEST, env, sudo="passwordless", shell=NOBODY)
    assert not talk.facts.privileged
    assert talk.facts.gap("owners") == "sudo refused: sudo: a password is required"
    assert talk.progress == Progress(stage="ready", python=True, root=False)


@as_user
def test_no_sudo(tmp_path: Path) -> None:
    """A host without sudo is the same."""
    env = open_environment(tmp_path)
    env["PATH"] = f"{tmp_path / 'bin'}:{tools(tmp_path, 'id', 'sh')['PATH']}"
    shell = ("/usr/bin/setpriv", *NOBODY[1:])
    talk = converse(REQUEST, env, sudo="passwordless", shell=shell)
    assert talk.facts.gap("owners").startswith("sudo refused: sh: ")
    assert "sudo: not found" in talk.facts.gap("owners")


@as_user
def test_password(tmp_path: Path) -> None:
    """sudo takes the password as the first line, and the payload is not taken for one."""
    asked = (
        f'[ "$1 $2 $3 $4" = "-k -S -p {prompt(NONCE)}" ]'
        ' && IFS= read -r word && [ "$word" = "a b" ] || exit 1;'
    )
    env = with_sudo(tmp_path, f"{asked} {RUN}")
    talk = converse(REQUEST, env, sudo="password", password="a b", shell=NOBODY)  # noqa: S106
    assert talk.facts.method == "python"


@as_user
def test_password_not_asked(tmp_path: Path) -> None:
    """A password that sudo did not want is skipped, not taken for the payload."""
    env = with_sudo(tmp_path, RUN)
    talk = converse(REQUEST, env, sudo="password", password="geheim", shell=NOBODY)  # noqa: S106
    assert talk.facts.method == "python"


@as_user
def test_password_wrong(tmp_path: Path) -> None:
    """A password that sudo refuses for good ends the command, and it says so."""
    env = with_sudo(tmp_path, "read -r word; echo 'sudo: 1 incorrect password attempt' >&2; exit 1")
    talk = converse(REQUEST, env, sudo="password", password="x", shell=NOBODY)  # noqa: S106
    assert talk.progress == Progress(stage="refused")
    assert talk.code == 1


@as_user
def test_shell_that_may_start_nothing_under_sudo_is_a_refusal(tmp_path: Path) -> None:
    """A password was given and sudo runs its shell, but Python and bash may not be started."""
    env = with_sudo(tmp_path, "exit 126")
    talk = converse(REQUEST, env, sudo="password", password="x", shell=NOBODY)  # noqa: S106
    assert talk.progress == Progress(stage="refused")
    assert talk.code == 126


def test_programs_that_may_not_be_started_are_not_taken_for_missing(tmp_path: Path) -> None:
    """Neither Python nor bash may be executed: the shell says so by its exit status."""
    env = tools(tmp_path, "sh")
    bash = Path(env["PATH"]) / "bash"
    bash.write_text("#!/bin/sh\nexit 126\n")
    bash.chmod(0o755)
    talk = converse(REQUEST, env, command=without_python())
    assert talk.progress == Progress(stage="login")
    assert talk.code == 126


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is root")
def test_root_needs_no_sudo(tmp_path: Path) -> None:
    """Whoever is root already does not ask."""
    env = with_sudo(tmp_path, "exit 1")
    talk = converse(REQUEST, env, sudo="password", password="x")  # noqa: S106
    assert talk.facts.method == "python"
