"""What is told to ssh, and what is seen of it here."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from pathlib import Path

import pytest

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe import log_pipe, ssh
from pytest_portaswitch.observe.ending import Ending
from pytest_portaswitch.observe.log_pipe import LogPipe
from pytest_portaswitch.observe.request import Limits
from tests.unit.observe.conftest import open_files


def test_option_that_an_older_ssh_does_not_know_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenSSH 7.4 has no RemoteCommand; it says so before it connects."""
    monkeypatch.setattr(ssh, "_UNKNOWN", set())
    said = "command-line: line 0: Bad configuration option: remotecommand\r\n"
    ended = Ending(status=255, stage="connecting", stderr=said)
    login = Login(address="sip1")
    assert "RemoteCommand=none" in ssh.options(login, Limits(), remarks=True)

    assert ssh.is_older_than_thought(ended)
    assert "RemoteCommand=none" not in ssh.options(login, Limits(), remarks=True)


@pytest.mark.parametrize(
    "ending",
    [
        Ending(
            status=255,
            stage="connecting",
            stderr="command-line: line 0: Bad configuration option: remotecommand\r\n",
            log="debug1: Connecting to sip1 [10.0.0.7] port 22.\r\n",
        ),
        Ending(
            status=255,
            stage="connecting",
            stderr="command-line: line 0: Bad configuration option: batchmode\r\n",
        ),
        Ending(
            status=255,
            stage="connecting",
            stderr="command-line: line 0: Bad configuration option: remotecommand\r\n",
            client="docker",
        ),
    ],
    ids=["a-banner", "another-option", "no-ssh"],
)
def test_no_host_has_an_option_left_out(ending: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ssh has connected, those may be a host's words; and some options must be known."""
    monkeypatch.setattr(ssh, "_UNKNOWN", set())

    assert not ssh.is_older_than_thought(ending)
    assert set() == ssh._UNKNOWN


def test_key_file_s_trouble_is_seen_here(tmp_path: Path) -> None:
    """A missing, open or encrypted key is told without a word of ssh's."""
    made = {}
    for name, phrase, form in itertools.chain(
        [("plain", "", "RFC4716"), ("secret", "geheim", "RFC4716")],
        [("old-plain", "", "PEM"), ("old-secret", "geheim", "PEM")],
    ):
        made[name] = tmp_path / name
        kind = ["-t", "ecdsa", "-m", form, "-N", phrase]
        subprocess.run(["ssh-keygen", "-q", *kind, "-f", made[name]], check=True)
    made["open"] = tmp_path / "open"
    made["open"].write_bytes(made["plain"].read_bytes())
    made["open"].chmod(0o640)
    made["missing"] = tmp_path / "missing"
    made["unreadable"] = tmp_path

    found = {
        name: ssh.key_trouble(Login(address="h", key=str(path))) for name, path in made.items()
    }

    assert found == {
        "plain": "",
        "secret": "encrypted",
        "old-plain": "",
        "old-secret": "encrypted",
        "open": "open",
        "missing": "missing",
        "unreadable": "unreadable",
    }
    assert ssh.key_trouble(Login(address="h")) == ""


@pytest.mark.parametrize("linux", [True, False])
def test_log_pipe_is_opened_by_its_path(
    linux: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another process, which inherits none of it; nothing is left of it afterwards."""
    if not linux:
        monkeypatch.setattr(log_pipe, "_PROC", "/nonexistent/{pid}/{fd}")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = open_files()
    pipe = LogPipe()
    write = 'echo one >>"$1"; echo two >>"$1"'
    subprocess.run(["/bin/sh", "-c", write, "sh", pipe.path], check=True)

    assert pipe.read() == b"one\ntwo\n"
    assert pipe.read() == b""
    pipe.close()
    pipe.close()
    assert open_files() == before
    assert list(tmp_path.iterdir()) == []
