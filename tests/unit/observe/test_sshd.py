"""Trips through the real ssh to a real sshd, and the ways in which those two disagree."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts.model import HostFacts, Observation, Unobserved
from pytest_portaswitch.observe import HostError, Job, Limits, Request, observe, testinfra_host
from tests.unit.observe.conftest import open_files, our_processes
from tests.unit.observe.sshd import Sshd, free_port
from tests.unit.observe.stub import STUB

LIMITS = Limits(connect_timeout=1, host_timeout=8)


def look(*logins: Login, limits: Limits = LIMITS, does: str = "") -> Observation:
    """Look at hosts with the stub program, and return what was seen of the first."""
    asked = (does,) if does else ()
    jobs = [
        Job(login=login, request=Request(host=f"h{place}", routes_to=asked))
        for place, login in enumerate(logins)
    ]
    return observe(jobs, limits, program=STUB)[0]


def unobserved(seen: Observation) -> tuple[str, str]:
    """Return why a host was not observed."""
    assert isinstance(seen, Unobserved)
    return seen.why, seen.detail


@pytest.fixture(autouse=True)
def _no_ssh_left(sshd: Sshd) -> Iterator[None]:
    """No ssh is left, of a jump host neither, and no descriptor."""
    before = open_files()
    yield
    deadline = time.monotonic() + 5
    while (
        "ssh" in our_processes().values() or open_files() > before
    ) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "ssh" not in our_processes().values()
    assert open_files() <= before


def test_login(sshd: Sshd) -> None:
    """A login that works yields facts."""
    assert isinstance(look(sshd.login()), HostFacts)


def test_login_through_jumps(sshd: Sshd) -> None:
    """So does one through two jump hosts."""
    assert isinstance(look(sshd.login(jump="hop,hop")), HostFacts)


def test_refused(sshd: Sshd) -> None:
    """A port that nothing listens on is a refusal."""
    port = free_port()

    assert unobserved(look(sshd.login(port=port))) == (
        "connection-refused",
        "nothing takes connections there: sshd is down, on another port, or a firewall rejects "
        f"(ssh: connect to host 127.0.0.1 port {port}: Connection refused)",
    )


def test_refused_behind_a_jump(sshd: Sshd) -> None:
    """Behind a jump host, it is that one's word."""
    assert unobserved(look(sshd.login(jump="hop", port=free_port()))) == (
        "connection-refused",
        "seen from the jump host hop: nothing takes connections there: sshd is down, on another "
        "port, or a firewall rejects (channel 0: open failed: connect failed: Connection refused)",
    )


@pytest.mark.parametrize(
    ("jump", "blamed"),
    [("no-hop", "no-hop"), ("hop,no-hop", "no-hop, seen from the jump host hop")],
)
def test_jump_refused(sshd: Sshd, jump: str, blamed: str) -> None:
    """The jump host that failed is named, also where there are several."""
    why, detail = unobserved(look(sshd.login(jump=jump)))

    assert why == "jump-failed"
    assert detail.startswith(f"the jump host {blamed}: nothing takes connections there: ")


def test_jump_rejects_us(sshd: Sshd) -> None:
    """A jump host's keys are its own."""
    why, detail = unobserved(look(sshd.login(jump="strange-hop")))

    assert why == "jump-failed"
    assert detail.startswith("the jump host strange-hop: the host accepts none of the keys ")


def test_key_changed(sshd: Sshd, tmp_path: Path) -> None:
    """Another host key than the one on record is a finding with the way out."""
    other = " ".join((sshd.folder / "stranger.pub").read_text().split()[:2])
    known = tmp_path / "known hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {other}\n")
    why, detail = unobserved(look(sshd.login(known_hosts=str(known))))

    assert why == "host-key-changed"
    assert detail.startswith(f"the host key of [127.0.0.1]:{sshd.port} is not the one on record")
    assert f"if it is right: ssh-keygen -f '{known}' -R '[127.0.0.1]:{sshd.port}' (" in detail


def test_key_unknown(sshd: Sshd, tmp_path: Path) -> None:
    """A host without a key on record is not trusted, and none is written."""
    known = tmp_path / "known_hosts"
    known.touch()
    why, detail = unobserved(look(sshd.login(known_hosts=str(known))))

    assert why == "host-key-unknown"
    assert detail.startswith(f"the host key of [127.0.0.1]:{sshd.port} is not on record; ")
    assert known.read_text() == ""


def test_authentication(sshd: Sshd) -> None:
    """A key that the host does not accept."""
    why, detail = unobserved(look(sshd.login(key=sshd.folder / "stranger")))

    assert why == "authentication-failed"
    assert "Permission denied (publickey)." in detail


def test_key_missing(sshd: Sshd, tmp_path: Path) -> None:
    """A key that is not there is the cause, not that the host rejects the others."""
    why, detail = unobserved(look(sshd.login(key=tmp_path / "none")))

    assert why == "key-unusable"
    assert detail.startswith(
        "ssh cannot use the key that is named, and the host accepts no other: there is no such file"
    )


def test_name(sshd: Sshd) -> None:
    """A name that nobody knows."""
    why, detail = unobserved(look(sshd.login(address="no-such-host.invalid")))

    assert why == "name-not-resolved"
    assert detail.startswith("the name no-such-host.invalid does not resolve (ssh: ")


def test_silent_sshd(sshd: Sshd) -> None:
    """Something that takes the connection and never speaks, here and as a jump host."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        seen = look(sshd.login(port=port), sshd.login(jump=f"127.0.0.1:{port}"))

        assert time.monotonic() - began < 3
    assert unobserved(seen) == (
        "hung-before-login",
        "something took the TCP connection, but sshd never spoke "
        "(Connection timed out during banner exchange)",
    )


@pytest.mark.slow
def test_hung_behind_jumps_leaves_nothing(sshd: Sshd) -> None:
    """A deadline ends the ssh of the jump hosts too."""
    seen = look(sshd.login(jump="hop,hop"), limits=Limits(host_timeout=5), does="sleep 30")

    assert unobserved(seen) == ("hung-after-login", "logged in, but no complete reply within 5 s")


def test_connection_breaks(sshd: Sshd) -> None:
    """A host that goes away in the middle."""
    why, detail = unobserved(look(sshd.login(), does="kill -9 $PPID; sleep 9"))

    assert why == "program-died"
    assert detail.startswith("the connection to the host broke")


def test_real_program(sshd: Sshd) -> None:
    """The program of this package makes the trip, and sees the sshd it came by."""
    (seen,) = observe([Job(login=sshd.login(), request=Request(host="h"))], LIMITS)

    assert isinstance(seen, HostFacts)
    assert seen.method == "python"
    assert sshd.port in {found.port for found in seen.sockets}
    assert seen.clock is not None
    assert seen.clock.sent - 1 <= seen.clock.host <= seen.clock.received + 1


def test_no_master_is_left(sshd: Sshd, tmp_path: Path) -> None:
    """A user's connection sharing is not used: its master would outlive the run."""
    config = tmp_path / "config"
    config.write_text(
        f"Host *\n ControlMaster auto\n ControlPath {tmp_path}/%C\n ControlPersist 60\n"
    )

    assert isinstance(look(sshd.login(config=str(config))), HostFacts)
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


def test_host_of_testinfra(sshd: Sshd) -> None:
    """A site's own tests get testinfra's host, with nothing of ssh's in what commands say."""
    host = testinfra_host(sshd.login(), LIMITS)
    result = host.run("echo %s; echo oops >&2; exit 3", "a b")

    assert (result.rc, result.stdout, result.stderr) == (3, "a b\n", "oops\n")
    assert host.run("printf 'gr\\303\\274n'").stdout == "grün"


def test_host_of_testinfra_is_bounded(sshd: Sshd) -> None:
    """A command that does not end is cut, and said to be."""
    host = testinfra_host(sshd.login(), Limits(host_timeout=1))
    with pytest.raises(HostError) as error:
        host.run("sleep 50")

    assert str(error.value).startswith(
        "the command did not end within 1 s, login included, and was cut: ssh -o BatchMode=yes"
    )


def test_host_of_testinfra_says_why_not(sshd: Sshd) -> None:
    """A host that cannot be reached is told as in the audit."""
    host = testinfra_host(sshd.login(port=free_port()), LIMITS)
    with pytest.raises(HostError) as error:
        host.run("true")

    assert str(error.value).startswith("connection-refused: nothing takes connections there: ")


def test_exit_status_255_is_a_command_s_own(sshd: Sshd) -> None:
    """testinfra takes it for a failure of ssh, and says so itself."""
    with pytest.raises(RuntimeError, match="exit_status=255"):
        testinfra_host(sshd.login(), LIMITS).run("exit 255")


def test_interrupted_ssh_leaves_nothing(sshd: Sshd) -> None:
    """Ctrl-C ends real connections as well."""

    def interrupt(job: Job, seen: Observation) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    jobs = [
        Job(login=sshd.login(jump="hop"), request=Request(host="slow", routes_to=("sleep 9",))),
        Job(login=Login(connection="local", address=""), request=Request(host="here")),
    ]
    with pytest.raises(KeyboardInterrupt):
        observe(jobs, LIMITS, interrupt, program=STUB)

    # The jump's own ssh ends with the one that started it; a busy machine may take a moment.
    gone = time.monotonic() + 3
    while "ssh" in our_processes().values() and time.monotonic() < gone:
        time.sleep(0.05)
    assert "ssh" not in our_processes().values()
