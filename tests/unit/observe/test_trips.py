"""Trips through an ``ssh`` that misbehaves in every way that a host can."""

from __future__ import annotations

import logging
import os
import shlex
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pytest_portaswitch.cluster import secret
from pytest_portaswitch.cluster.model import Login, SecretRef
from pytest_portaswitch.facts.model import HostFacts, Observation, Unobserved
from pytest_portaswitch.observe import Job, Limits, Request, fleet, observe
from pytest_portaswitch.observe.child import Child
from pytest_portaswitch.observe.trip import Trip
from tests.unit.observe.conftest import FakeSsh, open_files, our_processes
from tests.unit.observe.stub import STUB

pytestmark = pytest.mark.usefixtures("nothing_left")

AUTHENTICATED = "echo 'Authenticated to sip1 ([10.0.0.7]:22) using \"publickey\".' >$log"
PASSWORD = "geheim-&$'x"  # noqa: S105


def job(host: str = "sip1", does: str = "", **login: object) -> Job:
    """Return a job; ``does`` is what the stub program does before it replies."""
    settings: dict[str, object] = {"address": host, **login}
    return Job(
        login=Login(**settings),  # type: ignore[arg-type]
        request=Request(host=host, routes_to=(does,) if does else ()),
    )


def look(*jobs: Job, timeout: float = 0.5, output: int = 1 << 20) -> Observation:
    """Look at hosts, and return what was seen of the first."""
    limits = Limits(host_timeout=timeout, output=output)
    return observe(jobs or [job()], limits, program=STUB)[0]


def unobserved(seen: Observation) -> tuple[str, str]:
    """Return why a host was not observed."""
    assert isinstance(seen, Unobserved)
    return seen.why, seen.detail


def test_reply(fake_ssh: FakeSsh) -> None:
    """A host that does as it should yields facts, and the times of the trip."""
    fake_ssh.write(f'{AUTHENTICATED}; eval "$command"')
    before = time.time()
    seen = look(timeout=5)

    assert isinstance(seen, HostFacts)
    assert (seen.host, seen.hostname, seen.privileged) == ("sip1", "there", False)
    assert seen.clock is not None
    assert before <= seen.clock.sent <= seen.clock.received <= time.time()
    assert 0 < seen.took < 5


def test_ssh_may_say_that_it_leaves(fake_ssh: FakeSsh) -> None:
    """Killed as soon as everything was told, it could not: its server would not learn why."""
    left = fake_ssh.folder / "left"
    fake_ssh.write(f'{AUTHENTICATED}; (eval "$command"); cat >/dev/null; echo bye >{left}')
    assert isinstance(look(timeout=5), HostFacts)
    # It leaves beside what comes next, and nobody waits for it.
    for thread in threading.enumerate():
        if thread.name == "portaswitch-parting":
            thread.join(timeout=5)
    assert left.read_text() == "bye\n"


@pytest.mark.parametrize(
    ("body", "why", "detail"),
    [
        ("sleep 99", "hung-before-login", "sshd let nobody in within 0.6 s"),
        (
            f"{AUTHENTICATED}; sleep 99",
            "hung-after-login",
            "logged in, but the shell did nothing within 0.6 s",
        ),
        (
            f'{AUTHENTICATED}; trap "" TERM HUP INT; (trap "" TERM; sleep 99) & sleep 99; sleep 98',
            "hung-after-login",
            "logged in, but the shell did nothing within 0.6 s",
        ),
        (
            "yes | head -c 3000000; sleep 99",
            "output-too-large",
            "the host said more than 1048576 bytes before the reply",
        ),
        ("yes", "output-too-large", "the host said more than 1048576 bytes before the reply"),
        ("yes >&2", "output-too-large", "the host said more than 1048576 bytes on standard error"),
        (
            'eval "${command%%; exec*}"; sleep 99',
            "hung-after-login",
            "logged in, but the shell did nothing within 0.6 s",
        ),
        (
            'eval "${command%%; exec*}"; echo oh no >&2; exit 4',
            "program-died",
            "the shell on the host ended before the program could start (exit status 4) "
            "(last words: oh no)",
        ),
        (
            f"{AUTHENTICATED}; echo This account is currently not available.; exit 1",
            "no-shell",
            "the host let us in, and the session ended (exit status 1) before it ran our command: "
            "the account has no login shell, an expired password, or a command that is forced on "
            "it (last words: This account is currently not available.)",
        ),
        ("kill -9 $$", "client-failed", "a signal (9) ended ssh before the login"),
        (
            "echo ssh: connect to host sip1 port 22: Connection refused >$log; exit 255",
            "connection-refused",
            "nothing takes connections there: sshd is down, on another port, or a firewall "
            "rejects (ssh: connect to host sip1 port 22: Connection refused)",
        ),
    ],
)
def test_failure(fake_ssh: FakeSsh, body: str, why: str, detail: str) -> None:
    """Each way to fail is told apart, and bounded in time."""
    fake_ssh.write(body)
    began = time.monotonic()

    assert (why, detail) == unobserved(look(timeout=0.6))
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("does", "why", "detail"),
    [
        ("sleep 99", "hung-after-login", "logged in, but no complete reply within 0.6 s"),
        (
            "echo died of grief >&2; exit 3",
            "program-died",
            "the program on the host ended before its reply was complete (exit status 3) "
            "(last words: died of grief)",
        ),
        (
            "echo broken frame",
            "output-unparsable",
            "the frame is broken",
        ),
        ("yes", "output-too-large", "the host said more than 1048576 bytes in the reply"),
    ],
)
def test_program_failure(fake_ssh: FakeSsh, does: str, why: str, detail: str) -> None:
    """What goes wrong once the program runs is told apart as well."""
    fake_ssh.write('eval "$command"')

    assert (why, detail) == unobserved(look(job(does=does), timeout=0.6))


def test_chatter_around_the_conversation_is_skipped(fake_ssh: FakeSsh) -> None:
    """Login scripts may talk, and a logout that never ends is not waited for."""
    fake_ssh.write(
        'head -c 200000 /dev/zero; echo Welcome; seq 20000 >&2; eval "${command/exec /}"; yes'
    )
    began = time.monotonic()

    assert isinstance(look(timeout=5), HostFacts)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("cut", [0, 1, 20, 40, 60])
def test_the_end_of_a_reply_is_found_however_the_pieces_are_cut(cut: int) -> None:
    """Also where a flood comes in one piece with it."""
    trip = Trip(job("h"), Limits(), STUB, secret.read, time.monotonic())
    trip._child = cast(Child, SimpleNamespace(send=lambda data: None))
    nonce = trip._nonce
    trip.heard(f"PORTASWITCH {nonce} login\nPORTASWITCH {nonce} ready python root\n".encode())
    said = f'<{nonce} {{"hostname": "there"}} {nonce}>\n'.encode()
    trip.heard(said[:cut])
    trip.heard(said[cut:] + b"y\n" * 30_000)
    assert isinstance(trip.observation, HostFacts)


def test_large_requests_and_replies_pass(fake_ssh: FakeSsh) -> None:
    """What does not fit into a pipe is carried in pieces, both ways."""
    fake_ssh.write('eval "$command"')
    long = "head -c 500000 /dev/zero; : " + "x" * 300_000

    assert isinstance(look(job(does=long), timeout=5), HostFacts)


def test_no_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without ssh is the client's failure, not the host's."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert unobserved(look()) == ("client-failed", "there is no ssh on this machine")


def test_ssh_that_cannot_run(fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that cannot be started."""
    (fake_ssh.folder / "ssh").write_text("#!/no/such/interpreter\n")
    (fake_ssh.folder / "ssh").chmod(0o644)
    monkeypatch.setenv("PATH", str(fake_ssh.folder))

    assert unobserved(look()) == ("client-failed", "ssh cannot be started here: Permission denied")


def test_unfit_connection() -> None:
    """A connection that cannot serve says so and costs nothing."""
    why, detail = unobserved(look(job(connection="salt://sip1")))

    assert why == "client-failed"
    assert detail.startswith("the connection 'salt://sip1' cannot hold a conversation; those")


def _sudo(folder: Path, body: str) -> None:
    """Put a ``sudo`` on PATH; ``$@`` is the command after its options, ``$prompt`` that of them."""
    script = folder / "sudo"
    script.write_text(f"#!/bin/bash\nprompt=$3; shift 3\n{body}\n")
    script.chmod(0o755)


def test_sudo_with_password(
    fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The password reaches sudo's standard input and nothing else, anywhere."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SUDO_PASSWORD", PASSWORD)
    monkeypatch.setenv("RADIUS", PASSWORD)
    spy = fake_ssh.folder / "spy"
    fake_ssh.write(f'env >> {spy}; printf "%s\\n" "$@" >> {spy}; eval "$command"')
    _sudo(fake_ssh.folder, f'read -r p; [ "$p" = {shlex.quote(PASSWORD)} ] && exec "$@"')
    seen = observe(
        [job(sudo=True, sudo_password=SecretRef(env="SUDO_PASSWORD"))],
        Limits(host_timeout=5),
        secrets=[SecretRef(env="RADIUS")],
        program=STUB,
    )[0]

    assert isinstance(seen, HostFacts)
    assert "LC_ALL=C" in spy.read_text()
    assert PASSWORD not in spy.read_text()
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(seen)


def test_wrong_password_is_given_once(fake_ssh: FakeSsh, tmp_path: Path) -> None:
    """sudo's second question is not answered: guesses lock accounts."""
    (tmp_path / "password").write_text("wrong\n")
    (tmp_path / "password").chmod(0o600)
    tries = fake_ssh.folder / "tries"
    fake_ssh.write('eval "$command"')
    _sudo(
        fake_ssh.folder,
        f'printf %s "$prompt" >&2; while read -r p; do echo "$p" >> {tries}; '
        'printf "Sorry, try again.\\n%s" "$prompt" >&2; done',
    )
    began = time.monotonic()
    with_sudo = job(sudo=True, sudo_password=SecretRef(file=str(tmp_path / "password")))

    assert unobserved(look(with_sudo, timeout=9)) == (
        "sudo-refused",
        "sudo does not accept the password (last words: Sorry, try again.)",
    )
    assert tries.read_text() == "wrong\n"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (None, "environment: SUDO_PASSWORD: is not set (export it, or name a file)"),
        ("a\nb", "sudo_password: must be one line"),
    ],
)
def test_password_not_to_be_had(
    fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch, value: str | None, detail: str
) -> None:
    """A missing secret is the finding of that host alone."""
    monkeypatch.delenv("SUDO_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("SUDO_PASSWORD", value)
    fake_ssh.write('eval "$command"')
    seen = look(job(sudo=True, sudo_password=SecretRef(env="SUDO_PASSWORD")), timeout=5)
    why, said = unobserved(seen)

    assert why == "sudo-refused"
    assert said.startswith("the password for sudo is not to be had: ")
    assert said.endswith(detail.rpartition(": ")[2])
    assert "a b" not in said


def test_refused_for_now_is_tried_again(fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    """What sshd refuses because too many are at it goes well a little later."""
    monkeypatch.setattr(fleet, "_PAUSE", (0.05, 0.1))
    mark = fake_ssh.folder / "mark"
    fake_ssh.write(
        f'[ -e {mark} ] && {{ eval "$command"; exit; }}; touch {mark}\n'
        'echo "debug1: Connection established." >$log\n'
        "echo kex_exchange_identification: Connection closed by remote host >$log; exit 255"
    )

    assert isinstance(look(timeout=5), HostFacts)


def test_refused_for_good(fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three attempts it is the host's finding."""
    monkeypatch.setattr(fleet, "_PAUSE", (0.01, 0.02))
    tries = fake_ssh.folder / "tries"
    fake_ssh.write(
        f"echo >> {tries}\n"
        'echo "debug1: Connection established." >$log\n'
        "echo kex_exchange_identification: read: Connection reset by peer >$log; exit 255"
    )

    assert unobserved(look(timeout=5))[0] == "connection-refused"
    assert tries.read_text() == "\n\n\n"


def test_hosts_are_looked_at_side_by_side(fake_ssh: FakeSsh) -> None:
    """Hung hosts cost one wait together, and hold up no other host."""
    fake_ssh.write('case "$*" in *stuck*) sleep 99;; esac; eval "$command"')
    names = [f"stuck{n}" for n in range(10)] + [f"good{n}" for n in range(10)]
    reported: list[str] = []
    began = time.monotonic()
    seen = observe(
        [job(name) for name in names],
        Limits(host_timeout=4),
        lambda job, seen: reported.append(job.request.host),
        program=STUB,
    )

    assert time.monotonic() - began < 10
    assert names == [one.host for one in seen]
    assert [isinstance(one, HostFacts) for one in seen] == [False] * 10 + [True] * 10
    assert all(name.startswith("good") for name in reported[:10])
    assert sorted(names) == sorted(reported)


def test_something_is_done_while_logins_are_under_way(fake_ssh: FakeSsh) -> None:
    """Once, when the connections have been started, and before anything came of them."""
    fake_ssh.write('eval "$command"')
    story: list[str] = []
    observe(
        [job("one"), job("two")],
        Limits(host_timeout=5, parallel=1),
        lambda job, seen: story.append(job.request.host),
        meanwhile=lambda: story.append("meanwhile"),
        program=STUB,
    )

    assert story == ["meanwhile", "one", "two"]


def test_parallel_is_a_bound(fake_ssh: FakeSsh) -> None:
    """No more connections than allowed exist at a time, nor descriptors for them."""
    fake_ssh.write(f'pgrep -xcP $PPID ssh >> {fake_ssh.folder}/alive; eval "$command"')
    files: list[int] = []
    observe(
        [job(f"h{n}") for n in range(12)],
        Limits(host_timeout=5, parallel=3),
        lambda job, seen: files.append(open_files()),
        program=STUB,
    )

    assert max(map(int, (fake_ssh.folder / "alive").read_text().split())) <= 3
    assert max(files) < open_files() + 3 * 5


def test_few_knock_at_one_door(fake_ssh: FakeSsh) -> None:
    """Behind one jump host no more than eight log in at once: sshd refuses from ten on."""
    fake_ssh.write(f'pgrep -xcP $PPID ssh >> {fake_ssh.folder}/alive; sleep 0.1; eval "$command"')
    seen = observe(
        [job(f"h{n}", jump="hop") for n in range(20)], Limits(host_timeout=5), program=STUB
    )

    assert all(isinstance(one, HostFacts) for one in seen)
    # Those that are logged in and about to leave are no crowd at the door.
    assert max(map(int, (fake_ssh.folder / "alive").read_text().split())) <= 16


def test_interruption_ends_everything(fake_ssh: FakeSsh) -> None:
    """Ctrl-C ends every connection at once; what was seen until then was reported."""
    # No word of hexadecimal digits: the nonce of a trip is on the command line, too.
    fake_ssh.write(
        'case "$*" in *stuck*) trap "" TERM INT HUP; sleep 99 & sleep 98; sleep 97;; esac; '
        'eval "$command"'
    )
    reported: list[str] = []

    def interrupt(job: Job, seen: Observation) -> None:
        reported.append(job.request.host)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        observe(
            [job("stuck1"), job("good"), job("stuck2")],
            Limits(host_timeout=30),
            interrupt,
            program=STUB,
        )

    assert time.monotonic() - began < 15
    assert reported == ["good"]
    assert "ssh" not in our_processes().values()


def test_nothing_to_look_at() -> None:
    """No jobs, no trips."""
    assert observe([], Limits(), program=STUB) == ()


def test_local() -> None:
    """This machine is looked at without ssh."""
    seen = look(job(connection="local"), timeout=5)

    assert isinstance(seen, HostFacts)
