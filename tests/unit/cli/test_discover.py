"""``pytest-portaswitch discover``: what it asks, writes, says and refuses."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import pytest_portaswitch.observe
from pytest_portaswitch.cli import main
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts import HostFacts, Observation, Unobserved
from pytest_portaswitch.facts.model import Gap, Hint, Interface, Socket
from pytest_portaswitch.facts.process import Process
from pytest_portaswitch.lab import topology
from pytest_portaswitch.observe import Job
from pytest_portaswitch.text import Address, Text
from tests.unit.discover.making import lab_facts, read_back

FULL = topology.load("full")
SEEN = {host.private: seen for host, seen in zip(FULL.hosts, lab_facts(FULL), strict=True)}
DOWN = Unobserved(host="h", why="connection-timeout", detail="no answer within 10 s")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Who was looked at; what is seen is a lab's, and nobody else answers."""
    asked: list[Job] = []

    def observe(
        jobs: Sequence[Job], limits: Any, on_progress: Callable[[Job, Observation], None]
    ) -> tuple[Observation, ...]:
        asked.extend(jobs)
        told: list[Observation] = [SEEN.get(job.login.address, DOWN) for job in jobs]
        for job, seen in zip(jobs, told, strict=True):
            on_progress(job, seen)
        return tuple(told)

    monkeypatch.setattr(pytest_portaswitch.observe, "observe", observe)
    return asked


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is looked at is a failure."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("a host was looked at")

    monkeypatch.setattr(pytest_portaswitch.observe, "observe", refuse)


def test_the_draft_goes_to_standard_output_and_the_rest_beside_it(
    jobs: list[Job], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A line a host, what is left to do, and the next step."""
    assert main(["discover", "10.0.0.2", "10.0.0.3", "w=10.0.0.7", "--cluster", "acme"]) == 0
    said = capfd.readouterr()
    assert read_back(said.out, tmp_path) == []
    assert said.out.splitlines()[4] == "cluster: acme"
    assert said.err == (
        "config (10.0.0.2): no role is told\n"
        "db1 (10.0.0.3): main-db (guess)\n"
        "w (10.0.0.7): web (guess)\n"
        "fill in the roles of config\n"
        "next: pytest-portaswitch plan FILE --format table\n"
        "then: pytest suites --cluster=FILE\n"
    )


def test_hosts_are_asked_nothing_but_what_they_show(jobs: list[Job]) -> None:
    """No probe, no second round, no word to a service; by the login that was given."""
    assert main(["discover", "10.0.0.3", "--user", "audit", "--port", "2222", "--no-sudo"]) == 0
    (job,) = jobs
    request = job.request
    assert (request.probes, request.watched, request.second, request.relays) == ((), (), False, ())
    assert (request.routes_to, request.programs) == ((), ())
    # Who is connected to whom tells a replica.
    assert request.connections_to == ("10.0.0.3",)
    login = job.login
    assert (login.address, login.user, login.port, login.sudo) == ("10.0.0.3", "audit", 2222, False)


def test_the_login_stands_in_the_draft(
    jobs: list[Job], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Under the keys of the cluster file, with paths that hold wherever the draft is put."""
    config, key, known = (tmp_path / name for name in ("config", "id", "known"))
    for path in (config, key, known):
        path.touch()
    files = ["--ssh-config", str(config), "--key", str(key), "--known-hosts", str(known)]
    assert main(["discover", "10.0.0.3", *files, "--jump", "a@b:22,c"]) == 0
    said = capfd.readouterr().out
    assert (
        f"ssh: {{config: '{config}', key: '{key}', jump: 'a@b:22,c', "
        f"known_hosts: '{known}', sudo: true}}"
    ) in said.splitlines()
    assert "cluster: discovered  # guess: no --cluster was given" in said.splitlines()
    assert read_back(said, tmp_path) == []
    assert (jobs[0].login.config, jobs[0].login.key, jobs[0].login.jump) == (
        str(config),
        str(key),
        "a@b:22,c",
    )
    assert jobs[0].login.sudo


def test_an_export_and_addresses_together_in_a_file(
    jobs: list[Job], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What is written can be planned, and standard output has nothing."""
    export = tmp_path / "servers.csv"
    export.write_text("IP,Name\n10.0.0.5,Billing 1\n10.0.0.8,sip1\n")
    out = tmp_path / "acme.yaml"
    arguments = ["--servers", str(export), "-o", str(out), "--cluster", "acme"]
    assert main(["discover", "10.0.0.3", *arguments]) == 0
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "db1 (10.0.0.3): main-db (guess)",
        "Billing-1 (10.0.0.5): billing",
        "sip1 (10.0.0.8): dispatching-node",
        f"next: pytest-portaswitch plan {out} --format table",
        f"then: pytest suites --cluster={out}",
    ]
    assert out.stat().st_mode & 0o777 == 0o600
    assert main(["plan", str(out)]) == 0
    assert '"reachability:Billing-1:sip1:radius:udp-1812"' in capfd.readouterr().out


def test_an_export_on_standard_input(
    jobs: list[Job], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mistakes are named so."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"10.0.0.3\tdb1\n")))
    assert main(["discover", "--servers", "-"]) == 0
    assert [job.login.address for job in jobs] == ["10.0.0.3"]
    capfd.readouterr()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n10.0.0.333,db1\n")))
    assert main(["discover", "--servers", "-"]) == 2
    assert capfd.readouterr().err == (
        "standard input:2: IP: '10.0.0.333': must be an IPv4 or IPv6 address\n"
    )


def test_inventory_gives_names_addresses_and_how_to_log_in(
    jobs: list[Job], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What all hosts have in common stands once in the draft; what is given as an option holds."""
    key = tmp_path / "id"
    key.touch()
    inventory = tmp_path / "hosts"
    inventory.write_text(
        "[db]\nmaria ansible_host=10.0.0.3\n[voip]\nsip_1 ansible_host=10.0.0.8 ansible_port=2222\n"
        "win ansible_host=10.0.0.9 ansible_connection=winrm\n"
        f"[all:vars]\nansible_user=audit\nansible_private_key_file={key}\n"
        "ansible_ssh_common_args=-J gate\n"
    )
    arguments = ["--inventory", str(inventory), "--limit", "!win", "--cluster", "acme"]
    assert main(["discover", *arguments]) == 0
    said = capfd.readouterr()
    assert [(job.login.address, job.login.user, job.login.port) for job in jobs] == [
        ("10.0.0.3", "audit", None),
        ("10.0.0.8", "audit", 2222),
    ]
    assert {(str(job.login.key), job.login.jump, job.login.sudo) for job in jobs} == {
        (str(key), "gate", True)
    }
    lines = said.out.splitlines()
    assert f"ssh: {{user: audit, key: '{key}', jump: gate, sudo: true}}" in lines
    assert [line for line in lines if "ssh: {port: 2222}" in line] == ["    ssh: {port: 2222}"]
    assert "    # in the inventory's groups voip" in lines
    assert "  sip-1:" in lines
    assert "  maria:" in lines
    assert read_back(said.out, tmp_path) == []
    assert main(["discover", *arguments, "--user", "me", "--port", "22"]) == 0
    assert {(job.login.user, job.login.port) for job in jobs[2:]} == {("me", 22)}


def test_inventory_and_its_mistakes_are_told_with_all_others(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, nobody: None
) -> None:
    inventory = tmp_path / "hosts"
    inventory.write_text("a ansible_host=10.0.0.3\nb ansible_host=10.0.0.3\nc ansible_port=x\n")
    assert main(["discover", "--inventory", str(inventory), "--user", "a:b"]) == 2
    assert capfd.readouterr().err.splitlines() == [
        f"{inventory}:2: IP: '10.0.0.3': is there twice (first: {inventory}:1)",
        f"{inventory}:3: ansible_port: 'x': must be a number from 1 to 65535",
        "command line: ssh.user: 'a:b': must be a user's name: letters, digits, '.', '_' and '-', "
        "at most 32",
    ]


def test_a_host_that_is_not_looked_at_is_said_and_drafted(
    jobs: list[Job], capfd: pytest.CaptureFixture[str]
) -> None:
    """The exit code tells it, too."""
    assert main(["discover", "10.0.0.3", "10.9.9.9"]) == 1
    said = capfd.readouterr()
    assert said.err.splitlines()[1:] == [
        "host-10-9-9-9 (10.9.9.9): not looked at: connection-timeout: no answer within 10 s",
        "fill in the roles of host-10-9-9-9",
        "next: pytest-portaswitch plan FILE --format table",
        "then: pytest suites --cluster=FILE",
    ]
    assert "    roles: unknown  # fill in: the host was not looked at" in said.out.splitlines()


@pytest.mark.usefixtures("nobody")
def test_bad_input_is_told_at_once_before_anybody_is_looked_at(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Addresses, export, login and name together, each as a cluster file has its mistakes told."""
    export = tmp_path / "servers.csv"
    export.write_text("10.0.0.300,x\n10.0.0.4,y\n10.0.0.4,z\n")
    arguments = ["--servers", str(export), "--user", "a:b", "--key", "/no/key", "--jump", "a b"]
    more = ["--port", "0", "--cluster", "../x", "--known-hosts", "a\u200bb"]
    assert main(["discover", "root@10.0.0.3", *arguments, *more]) == 2
    rule = "must be a folder's name: letters, digits, '.', '_' and '-', at most 64, no '..'"
    assert capfd.readouterr().err.splitlines() == [
        f"{export}:1: IP: '10.0.0.300': must be an IPv4 or IPv6 address",
        f"{export}:3: IP: '10.0.0.4': is there twice (first: {export}:2)",
        f"command line: --cluster: '../x': {rule}",
        "command line: ADDRESS: 'root@10.0.0.3': must be an address alone "
        "(who logs in is said by --user)",
        "command line: ssh: 'known_hosts': has a character that is not printable",
        "command line: ssh.jump: 'a b': must be jump hosts such as user@host:22, joined by commas",
        "command line: ssh.key: '/no/key': is no file (looked for /no/key)",
        "command line: ssh.known_hosts: 'a\\u200bb': is no file (looked for a\\u200bb)",
        "command line: ssh.port: '0': must be a number from 1 to 65535",
        "command line: ssh.user: 'a:b': must be a user's name: letters, digits, '.', '_' and '-', "
        "at most 32",
    ]


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nobody to look at: give ADDRESS..., --servers FILE or --inventory FILE"),
        (
            ["10.0.0.3", "--limit", "x"],
            "--limit: names hosts of an inventory: give --inventory FILE",
        ),
        (["--servers", "-", "--inventory", "-"], "standard input is given twice"),
        (["--inventory", "{here}"], "{here}: cannot be read: Is a directory"),
        (["--servers", "{here}"], "{here}: cannot be read: Is a directory"),
        (["--servers", "/dev/zero"], "/dev/zero: cannot be read: it is no regular file"),
        (["--servers", "{here}/no"], "{here}/no: cannot be read: No such file or directory"),
        (
            ["10.0.0.3", "-o", "{here}/old"],
            "{here}/old: exists; --update {here}/old puts what is new into it",
        ),
        (
            ["10.0.0.3", "-o", "{here}/link"],
            "{here}/link: exists; --update {here}/link puts what is new into it",
        ),
        (["10.0.0.3", "-o", "{here}/no/x"], "{here}/no: is no folder to write a draft in"),
    ],
)
def test_what_is_refused(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Before anybody is looked at."""
    (tmp_path / "old").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    here = str(tmp_path)
    assert main(["discover", *(word.replace("{here}", here) for word in arguments)]) == 2
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", message.replace("{here}", here) + "\n")
    assert (tmp_path / "old").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_came_meanwhile_is_not_overwritten(
    jobs: list[Job],
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While hosts were looked at."""
    out = tmp_path / "acme.yaml"
    look = pytest_portaswitch.observe.observe

    def slowly(*arguments: Any) -> tuple[Observation, ...]:
        out.write_text("mine")
        return look(*arguments)

    monkeypatch.setattr(pytest_portaswitch.observe, "observe", slowly)
    assert main(["discover", "10.0.0.3", "-o", str(out)]) == 2
    assert capfd.readouterr().err == f"{out}: cannot be written: File exists\n"
    assert out.read_text() == "mine"
    long = tmp_path / ("a" * 300)
    assert main(["discover", "10.0.0.3", "-o", str(long)]) == 2
    assert capfd.readouterr().err == f"{long}: cannot be written: File name too long\n"


SECRET = "Geheim7Wort"  # noqa: S105


def test_what_a_host_says_again_of_what_it_was_told_stands_in_no_draft(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sudo password, as its name, a process, an interface, a name of /etc/hosts, an error."""
    text = Text(SECRET)
    process = Process(pid=7, parent=1, name=text, command=text, user=text, started=0, matches=(0,))
    listening = Socket(transport="tcp", address=Address("10.0.0.2"), port=1812, pids=(7,))
    held = Interface(name=text, up=True, mtu=1500, addresses=(Address("10.0.0.2/24"),))
    seen = (
        HostFacts(
            host="a.example", method="python", privileged=True, took=0.0, hostname=text,
            system=text, release=text, processes=(process,), sockets=(listening,),
            interfaces=(held,),
            hints=(Hint(kind="hosts-file", name=text, address=Address("10.0.0.2")),),
            gaps=(Gap(what=text, why=text),),
        ),
        Unobserved(host="b.example", why="no-shell", detail=text),
    )  # fmt: skip

    def observe(jobs: Sequence[Job], *_: Any) -> tuple[Observation, ...]:
        jobs[0].redaction.add(Secret(SECRET))
        return seen

    monkeypatch.setattr(pytest_portaswitch.observe, "observe", observe)
    assert main(["discover", "a.example", "b.example"]) == 1
    said = capfd.readouterr()
    assert "***" in said.out + said.err
    assert SECRET not in said.out + said.err


def test_what_hosts_say_cannot_steer_the_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the lines about them either."""
    evil = Unobserved(host="h", why="no-shell", detail="a\x1b[2Jb\nc")
    facts = HostFacts(host="h", method="python", privileged=True, took=0.0, hostname="\x1b[2J")
    monkeypatch.setattr(pytest_portaswitch.observe, "observe", lambda *_: (evil, facts))
    assert main(["discover", "a.example", "b.example"]) == 1
    said = capfd.readouterr()
    assert "\x1b" not in said.out + said.err
    assert said.err.splitlines()[0] == (
        r"a.example (a.example): not looked at: no-shell: a\x1b[2Jb\nc"
    )
    assert said.err.splitlines()[1] == "2J (b.example): no role is told"
