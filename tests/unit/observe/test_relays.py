"""Streams through a host: both ends of the lines, over a real pipe and a real socket."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts.database import Database, Trouble
from pytest_portaswitch.observe.relays import Relays
from pytest_portaswitch.observe.remote.program import probes
from pytest_portaswitch.protocols.mysql_inspect import Inspection
from pytest_portaswitch.protocols.mysql_wire import packet, scramble_native

NONCE = "0123abcd"
REMOTE = """
import json, sys, time
from pytest_portaswitch.observe.remote.program import controller, relay
until = time.monotonic() + float(sys.argv[3])
lines = controller.Lines(sys.argv[2])
relay.serve(json.loads(sys.argv[1]), lines, until, sys.argv[4:])
"""


class Chat:
    """Says what it was told to say, and keeps what it hears."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.heard = b""
        self.lost: tuple[Trouble, str] | None = None
        self.is_over = False

    def hear(self, data: bytes) -> bytes:
        """Answer each time with the next."""
        self.heard += data
        answer = self.answers.pop(0)
        self.is_over = not self.answers
        return answer

    def lose(self, trouble: Trouble, words: str) -> None:
        """Note it."""
        self.lost = (trouble, words)
        self.is_over = True

    def result(self) -> Database:
        """What was heard."""
        return Database(key=self.heard.decode("latin-1"))


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server of one connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(10)
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def converse(
    chats: list[Chat],
    ports: list[int],
    *,
    timeout: float = 5.0,
    patience: float = 0.0,
    mute: str = "",
) -> bytes:
    """Run the program's side in a process of its own until it ends; all that it said."""
    common = {"address": "127.0.0.1", "patience": patience}
    relays = [{"key": str(port), "port": port, **common} for port in ports]
    request = json.dumps({"relays": relays, "probe_timeout": timeout})
    command = [sys.executable, "-c", REMOTE, request, NONCE, "20", mute]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdin
        assert run.stdout
        stdin = run.stdin

        def say(line: bytes) -> None:
            stdin.write(line)
            stdin.flush()

        controller = Relays(NONCE, {f"chat {n}": chat for n, chat in enumerate(chats)}, say)
        said = bytearray()
        while data := run.stdout.read1(1 << 16):
            said += data
            controller.hear(said)
        assert run.wait(10) == 0
    return bytes(said)


def test_the_first_word_is_waited_for_longer() -> None:
    """Of a service that looks its peer up before it greets; no later one is."""

    def serve(connection: socket.socket) -> None:
        time.sleep(0.6)
        connection.sendall(b"hello")
        assert connection.recv(10) == b"who?"
        assert connection.recv(10) == b""

    chat = Chat([b"who?", b""])
    with server(serve) as port:
        converse([chat], [port], timeout=0.3, patience=5.0)
    assert chat.heard == b"hello"
    assert chat.lost == ("no-answer", "no answer in 0.3 s")


def test_who_said_nothing_to_a_probe_is_not_connected_to() -> None:
    """It would be one more connection that is given up before the greeting."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        port = listening.getsockname()[1]
        chat = Chat([b""])
        converse([chat], [port], mute=f"tcp:127.0.0.1:{port}")
        assert chat.lost == ("no-answer", "it said nothing to a probe before")
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_who_said_nothing_to_a_probe() -> None:
    """It took the connection, it was its turn, and nothing came."""
    results = [
        {"key": "a", "outcome": "connected", "received": [""]},
        {"key": "b", "outcome": "connected", "received": ["eA==", ""]},
        {"key": "c", "outcome": "connected", "received": []},
        {"key": "d", "outcome": "refused"},
    ]
    assert probes.mute(results) == {"a"}


def test_what_is_said_goes_both_ways_and_ends_by_the_book() -> None:
    """The server sees an end, not a reset."""
    met: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"hello\n\0\xff")
        met.append(connection.recv(100))
        connection.sendall(b"again")
        met.append(connection.recv(100))
        met.append(connection.recv(100))

    chat = Chat([b"who \n is there", b"bye"])
    with server(serve) as port:
        said = converse([chat], [port])
    assert chat.heard == b"hello\n\0\xffagain"
    assert met == [b"who \n is there", b"bye", b""]
    assert said.endswith(b"relay 0 end ended\n")
    assert chat.lost is None


def test_streams_have_conversations_of_their_own() -> None:
    """Side by side."""
    chats = [Chat([b"one"]), Chat([b"two"])]

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"x")
        while connection.recv(100):
            pass

    with server(serve) as first, server(serve) as second:
        converse(chats, [first, second])
    assert [chat.heard for chat in chats] == [b"x", b"x"]


def test_slow_service_keeps_no_other_stream_waiting() -> None:
    """A trickle is cut after its time, silence too, and whoever speaks meanwhile is heard."""
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        with suppress(OSError):
            while not over.wait(0.05):
                connection.sendall(b"x")

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        while connection.recv(100):
            pass

    class Patient(Chat):
        def hear(self, data: bytes) -> bytes:
            self.heard += data
            return b""

    chats = [Patient([]), Chat([b"never"]), Chat([b"one"])]
    began = time.monotonic()
    with (
        server(trickle) as one,
        server(lambda connection: connection.recv(100) and None) as two,
        server(talk) as three,
    ):
        converse(chats, [one, two, three], timeout=0.25)
        took = time.monotonic() - began
        over.set()
    assert chats[2].heard == b"hello"
    assert chats[2].lost is None
    assert chats[1].lost == ("no-answer", "no answer in 0.25 s")
    assert chats[0].lost is not None
    assert took < 15


@pytest.mark.parametrize("is_greedy", [False, True])
def test_replica_that_restarts_logins_gets_two_proofs_in_all(is_greedy: bool) -> None:
    """It may switch plugins for ever, and not wait to be answered: that is all that it gets."""
    salt = bytes(range(1, 21))
    switch = b"\xfemysql_native_password\0" + salt + b"\0"
    hello = b"\x0a8.0.36\0" + bytes(4) + salt[:8] + b"\0\xff\xf7" + bytes(5) + b"\x81\x15"
    hello = hello + bytes(10) + salt[8:] + b"\0mysql_native_password\0"
    got = bytearray()

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(packet(hello, 0))
            for number in range(2000):
                if not is_greedy:
                    data = connection.recv(1000)
                    if not data:
                        return
                    got.extend(data)
                connection.sendall(packet(switch, number * 2 + 2))
            while data := connection.recv(1000):
                got.extend(data)

    inspection = Inspection("mysql:127.0.0.1:1", "audit", Secret("s3cret"))
    with server(serve) as port:
        converse([inspection], [port])  # type: ignore[list-item]
    assert 1 <= got.count(scramble_native(b"s3cret", salt)) <= 2
    assert inspection.result().trouble == "unreadable"
    assert "more than 2 proofs" in inspection.result().words


def test_a_server_that_hangs_up() -> None:
    """Is told of as such."""
    chat = Chat([b"never"])
    with server(lambda connection: None) as port:
        converse([chat], [port])
    assert chat.lost == ("no-answer", "closed by the peer")


def test_a_server_that_says_nothing() -> None:
    """Costs one time limit."""
    chat = Chat([b"never"])
    with server(lambda connection: connection.recv(100) and None) as port:
        converse([chat], [port], timeout=0.3)
    assert chat.lost == ("no-answer", "no answer in 0.3 s")


def test_nobody_there() -> None:
    """In the kernel's word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    chat = Chat([b"never"])
    converse([chat], [port])
    assert chat.lost == ("no-answer", "ECONNREFUSED")


def test_a_server_that_never_stops_is_cut() -> None:
    """After a megabyte."""

    def serve(connection: socket.socket) -> None:
        try:
            while True:
                connection.sendall(bytes(1 << 16))
        except OSError:
            pass

    class Patient(Chat):
        def hear(self, data: bytes) -> bytes:
            return b""

    chat = Patient([])
    with server(serve) as port:
        converse([chat], [port])
    assert chat.lost == ("no-answer", "more than 1048576 bytes")


def test_when_the_controller_goes_the_program_goes() -> None:
    """It does not wait for anybody any more."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"x")
        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""

    with server(serve) as port:
        relays = [{"key": "", "address": "127.0.0.1", "port": port}]
        request = json.dumps({"relays": relays, "probe_timeout": 20})
        command = [sys.executable, "-c", REMOTE, request, NONCE, "20"]
        run = subprocess.run(command, input=b"", capture_output=True, timeout=10, check=False)
    assert run.returncode == 0
    assert run.stderr == b""


@pytest.mark.parametrize(
    "line",
    [
        b"relay 0 data !!!!",
        b"relay 1 data aGk=",
        b"relay -1 data aGk=",
        b"relay x data aGk=",
        b"relay 0",
        b"relay",
        b"relay 0 open ",
        b"relay 0 shout aGk=",
        b"relay 0 data " + b"aGk=" * (1 << 15),
    ],
)
def test_lines_that_make_no_sense_are_passed_over(line: bytes) -> None:
    """A host may say anything."""
    chat, said = Chat([b"answer", b"more"]), list[bytes]()
    relays = Relays(NONCE, {"chat": chat}, said.append)
    mark = f"PORTASWITCH {NONCE} ".encode()
    relays.hear(b"noise\n" + mark + line + b"\nPORTASWITCH other relay 0 data aGk=\n")
    assert (chat.heard, chat.lost, said) == (b"", None, [])


def test_what_was_heard_is_not_heard_again() -> None:
    """Lines come in pieces, and after one another."""
    chat, said = Chat([b"one", b"two", b"three"]), list[bytes]()
    relays = Relays(NONCE, {"chat": chat}, said.append)
    everything = f"PORTASWITCH {NONCE} relay 0 data aGk=\n".encode() * 2
    for end in range(len(everything) + 1):
        relays.hear(everything[:end])
    assert chat.heard == b"hihi"
    assert said == [
        f"PORTASWITCH {NONCE} relay 0 data b25l\n".encode(),
        f"PORTASWITCH {NONCE} relay 0 data dHdv\n".encode(),
    ]


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_no_bytes_make_it_raise(pieces: list[bytes]) -> None:
    """Whatever stands behind the mark."""
    relays = Relays(NONCE, {"chat": Chat([b"x"] * 50)}, lambda line: None)
    said = bytearray()
    for piece in pieces:
        said += f"\nPORTASWITCH {NONCE} relay ".encode() + piece + b"\n"
        relays.hear(said)
    assert len(relays.databases()) == 1
