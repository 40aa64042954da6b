"""Processes that the remote program sees: which it brings back, and what of their command lines."""

from __future__ import annotations

import os
import resource
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import tables
from pytest_portaswitch.facts.commands import shown
from pytest_portaswitch.facts.model import HostFacts, Process
from pytest_portaswitch.facts.ps_text import contained
from pytest_portaswitch.observe.process_patterns import of_tables
from pytest_portaswitch.observe.remote import Reply, reply
from pytest_portaswitch.observe.remote.program import matching
from pytest_portaswitch.observe.request import Limits, Request
from pytest_portaswitch.tables.pattern import of_program
from tests.unit.facts.test_commands import FORMS
from tests.unit.observe.remote.conftest import Look
from tests.unit.observe.remote.talk import (
    LIMITS,
    NONCE,
    Talk,
    converse,
    environment,
    request_of,
    tools,
    without_python,
)
from tests.unit.observe.remote.test_fallback import TOOLS
from tests.unit.observe.remote.waiting import waiting

TABLES = of_tables(tables.load())
CASSANDRA = tables.load().subcomponents["cassandra"].process.match
SECRET = "Geheim7Wort"  # noqa: S105
ANYTHING = r"(?i)[a-z]"


def that_match(facts: HostFacts, pattern: str) -> list[Process]:
    """The processes that match a pattern of the request."""
    assert facts.patterns is not None
    return [each for each in facts.processes if facts.patterns.index(pattern) in each.matches]


def by_pid(facts: HostFacts, process: subprocess.Popen[bytes]) -> Process | None:
    """What was brought back of a process, if anything."""
    return next((each for each in facts.processes if each.pid == process.pid), None)


def commands_with_secrets() -> list[tuple[str, list[str]]]:
    """All usual forms, each as a process of that name."""
    forms = [[word.replace("SECRET", SECRET) for word in shlex.split(form)] for form in FORMS]
    return [(_name(words[0]), words) for words in forms]


def _name(word: str) -> str:
    name = word.rpartition("/")[2].partition(" ")[0].strip(":-")
    return "app" if SECRET in name or not name else name


ASK: dict[str, Callable[[Path, Request], Talk]] = {
    "python": lambda folder, request: converse(request, environment(folder)),
    "shell": lambda folder, request: _by_shell(folder, request, *TOOLS, "grep", "tr", "head"),
    "ps": lambda folder, request: _by_shell(folder, request, *TOOLS),
}
"""How a host is asked: its Python, its bash with GNU grep, or with ps alone."""


def _by_shell(folder: Path, request: Request, *names: str) -> Talk:
    return converse(request, tools(folder, *names), command=without_python())


@pytest.mark.slow
@pytest.mark.parametrize("way", ASK)
def test_no_form_of_a_secret_becomes_a_fact(tmp_path: Path, way: str) -> None:
    """Not even where a pattern matches all processes; from a Python, none leaves the host."""
    request = request_of(patterns=(ANYTHING, *TABLES.patterns), sought=1 + TABLES.sought)
    with waiting(tmp_path, commands_with_secrets()) as running:
        talk = ASK[way](tmp_path, request)
    facts = talk.facts
    assert {each.pid for each in facts.processes} >= {process.pid for process in running}
    assert SECRET.encode() not in msgspec.json.encode(facts)
    sent = reply(talk.stdout, NONCE, LIMITS.output)
    assert isinstance(sent, Reply)
    assert (sent.method, SECRET.encode() in sent.body) == (
        ("python", False) if way == "python" else ("shell", True)
    )


LONG = ["/usr/bin/java", "-cp", "/" + "x" * 1800, "org.apache.cassandra.service.CassandraDaemon"]
HUGE = ["/usr/bin/java", *["-Dx=" + "y" * 100_000] * 12, "org.apache.CassandraDaemon"]


@pytest.mark.parametrize("way", ASK)
def test_class_far_behind_is_found_by_table_and_pin(tmp_path: Path, way: str) -> None:
    """Matching sees the whole line, even one of more than a million characters.

    Only ps cuts such a line, and then nobody says that it does not match.
    """
    pin = r"cassandra\.service\.CassandraDaemon$"
    request = request_of(patterns=(CASSANDRA, pin), sought=2)
    with waiting(tmp_path, [("java", LONG), ("java", HUGE)]) as (long, huge):
        facts = ASK[way](tmp_path, request).facts
    seen, other = by_pid(facts, long), by_pid(facts, huge)
    assert seen is not None
    assert (seen.matches, seen.undecided) == ((0, 1), ())
    name = "org.apache.cassandra.service.CassandraDaemon" if way != "ps" else ""
    assert seen.command == f"/usr/bin/java ... {name}".strip()
    assert other is not None
    assert (other.matches, other.undecided) == (((), (0, 1)) if way == "ps" else ((0,), ()))


SLOW = (r"(a+)+$", r"(?:a|a)*b", r"(x+x+)+y")


def _pythons() -> list[object]:
    """Every Python of this machine that may be a host's."""
    versions = Path.home() / ".pyenv" / "versions"
    found = [sorted(versions.glob(f"3.{minor}.*/bin/python3"))[:1] for minor in range(6, 15)]
    paths = [str(each[0]) for each in found if each] or [sys.executable]
    return [pytest.param(path, id=Path(path).parents[1].name) for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize("python", _pythons())
def test_pattern_that_takes_too_long_is_undecided_and_delays_nothing(
    tmp_path: Path, python: str
) -> None:
    """In lines short and long; what matches is found all the same."""
    lines = ["a" * 60 + "!", "x" * 20_000]
    commands = [("slow", ["radiusd", line]) for line in lines]
    request = request_of(patterns=(*SLOW, of_program("radiusd")), sought=len(SLOW) + 1)
    env, limits = environment(tmp_path, python=python), Limits(host_timeout=90)
    with waiting(tmp_path, commands) as running:
        facts = converse(request, env, limits=limits, patience=90).facts
    seen = [by_pid(facts, process) for process in running]
    assert [each and (each.matches, each.undecided) for each in seen] == [
        ((3,), (0, 1)),
        ((3,), (2,)),
    ]
    assert facts.processes
    assert {gap.what for gap in facts.gaps} <= {"release", "owners"}


def test_pattern_that_the_host_does_not_understand_is_undecided(look: Look) -> None:
    """Such as one of a newer Python's."""
    facts = look(patterns=("(?<never>x)", of_program("pytest|python")), sought=2).facts
    assert facts.processes
    assert all(each.undecided == (0,) for each in facts.processes)


def test_line_that_is_longer_than_is_read_is_undecided(tmp_path: Path) -> None:
    """What does not match the part that was read may match the rest."""
    words = ["java", *["-Dx=" + "y" * 120_000] * 18, "org.apache.CassandraDaemon"]
    request = request_of(patterns=(CASSANDRA, of_program("java")), sought=2)
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))  # a quarter of it may be arguments
    try:
        with waiting(tmp_path, [("java", words)]) as (process,):
            facts = converse(request, environment(tmp_path)).facts
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
    seen = by_pid(facts, process)
    assert seen is not None
    assert (seen.matches, seen.undecided) == ((1,), (0,))


def test_process_of_which_no_check_speaks_is_counted(tmp_path: Path) -> None:
    """By name, user and unit; of one that matches it is known all that a judge needs."""
    request = request_of(patterns=(of_program("alerter"),), sought=1)
    commands = [("alerter", ["/opt/alerter", "--x"]), *[("other", ["other", SECRET])] * 3]
    before = time.time()
    with waiting(tmp_path, commands) as (alerter, *others):
        time.sleep(0.05)
        facts = converse(request, environment(tmp_path)).facts
    seen = by_pid(facts, alerter)
    assert seen == Process(
        pid=alerter.pid,
        parent=os.getpid(),
        name="alerter",
        command="/opt/alerter ...",
        user=seen.user if seen else "",
        started=seen.started if seen else 0.0,
        unit=seen.unit if seen else "",
        state="S",
        matches=(0,),
    )
    assert abs(seen.started - before) < 3  # btime of the kernel is in whole seconds
    assert not {process.pid for process in others} & {each.pid for each in facts.processes}
    (group,) = (each for each in facts.others if each.name == "other")
    assert (group.count, group.user) == (3, seen.user)


def test_owner_of_a_socket_is_shown_by_its_program_alone(look: Look) -> None:
    """Also where it matches nothing, or nothing was asked."""
    with socket.create_server(("127.0.0.1", 0)):
        facts = look().facts
    (own,) = (each for each in facts.processes if each.pid == os.getpid())
    assert own.matches == own.undecided == ()
    words = Path("/proc/self/cmdline").read_text().split("\0")
    assert own.command == shown(own.name, words[:-1])


def test_pattern_of_owners_is_tried_on_owners_alone(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)):
        facts = look(patterns=(ANYTHING,), sought=0).facts
    assert os.getpid() in {each.pid for each in that_match(facts, ANYTHING)}
    owners = {pid for sock in facts.sockets for pid in sock.pids or ()}
    assert {each.pid for each in that_match(facts, ANYTHING)} <= owners


def test_parent_between_a_match_and_an_owner_is_kept(look: Look, tmp_path: Path) -> None:
    """So that a judge knows whose child holds the socket."""
    code = (
        "import os, socket, sys, time\n"
        "if os.fork() == 0:\n"
        "  if os.fork() == 0:\n"
        "    s = socket.create_server(('127.0.0.1', 0)); print(os.getpid(), flush=True)\n"
        "  time.sleep(30)\n"
        "time.sleep(30)\n"
    )
    script = tmp_path / "supervisor-of-it.py"
    script.write_text(code)
    words = [sys.executable, str(script)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as top:
        assert top.stdout is not None
        try:
            owner = int(top.stdout.readline())
            facts = look(patterns=("no such", "nor such"), sought=2).facts
            lonely = {each.pid: each for each in facts.processes}
            facts = look(patterns=(of_program("supervisor-of-it"),), sought=1).facts
        finally:
            os.killpg(top.pid, 9)
    parents = {each.pid: each.parent for each in facts.processes}
    assert parents[parents[owner]] == top.pid
    assert set(lonely) >= {owner}
    assert top.pid not in lonely


@pytest.mark.parametrize("way", ASK)
def test_process_of_a_container_is_told_from_the_hosts_own(tmp_path: Path, way: str) -> None:
    """One in another PID namespace, by the kernel's numbers; without grep, by its links alone."""
    pattern = of_program("contained-or-not")
    request = request_of(patterns=(pattern,), sought=1)
    with waiting(tmp_path, [("contained-or-not", ["contained-or-not"])]) as (own,):
        inner = ["unshare", "-Upf", "--kill-child", str(tmp_path / "contained-or-not")]
        with subprocess.Popen(inner, stderr=subprocess.DEVNULL) as shell:
            try:
                children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children")
                while not children.read_text() and shell.poll() is None:
                    time.sleep(0.02)
                if shell.poll() is not None:
                    pytest.skip("this machine makes no namespaces")
                inside = int(children.read_text())
                while b"contained" not in Path(f"/proc/{inside}/cmdline").read_bytes():
                    time.sleep(0.02)
                facts = ASK[way](tmp_path, request).facts
            finally:
                shell.kill()
    shown = {each.pid: each.container for each in that_match(facts, pattern)}
    assert (shown[own.pid], shown[inside]) == (False, True)


@pytest.mark.parametrize(
    ("numbers", "namespaces", "inside"),
    [
        (["/proc/1/status:NSpid:\t1", "/proc/9/status:NSpid:\t9\t1"], [], {9}),
        (["/proc/9/status:NSpid:\t9\t1"], ["/proc/1/ns/pid pid:[7]"], {9}),
        ([], ["/proc/1/ns/pid pid:[7]", "/proc/5/ns/pid pid:[7]", "/proc/9/ns/pid pid:[8]"], {9}),
        ([], ["/proc/9/ns/pid pid:[8]"], set()),
        (["no such", "/proc/x/status:NSpid: 1 2", "/proc/9/status:NSpid: 1 a"], ["/proc/"], set()),
        ([], [], set()),
    ],
)
def test_numbers_and_links_of_a_shell_tell_who_is_in_a_container(
    numbers: list[str], namespaces: list[str], inside: set[int]
) -> None:
    """Kernels before 4.1 have no numbers; whose links cannot be read is not said to be inside."""
    assert contained(numbers, namespaces, "5") == inside


def test_nothing_of_the_trip_itself_is_seen(look: Look) -> None:
    """Neither the program nor the shells that were started for it."""
    facts = look(patterns=(NONCE, "portaswitch|PORTASWITCH"), sought=2).facts
    assert that_match(facts, NONCE) == []
    assert b"PORTASWITCH" not in msgspec.json.encode(facts.processes)


@pytest.mark.parametrize("spent", ["processor", "time"])
def test_long_lines_cost_no_more_than_their_share(
    monkeypatch: pytest.MonkeyPatch, spent: str
) -> None:
    """Then only the beginnings are read, and what does not match there is undecided."""
    tried: list[str] = []
    monkeypatch.setattr(matching, "_in_child", lambda search, words, end: not tried.append(words))
    monkeypatch.setattr(os, "times", lambda: (0.0, 0.0, 0.4 * len(tried), 0.0, 0.0))
    until = time.monotonic() + 60 if spent == "processor" else 0.0
    matcher = matching.Matcher(["radiusd"], 1, until)
    line = b"x\0" * 20_000 + b"radiusd\0"
    found = [matcher.match("x", line[: matcher.longest], False) for _ in range(20)]
    whole = 8 if spent == "processor" else 0
    assert len(tried) == whole
    assert found == [([0], [])] * whole + [([], [0])] * (20 - whole)
    assert matcher.match("radiusd", b"radiusd\0", False) == ([0], [])
