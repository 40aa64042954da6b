"""Secrets are read when needed and never shown."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from pytest_portaswitch.cluster import SecretRef
from pytest_portaswitch.cluster.secret import Secret, read
from pytest_portaswitch.source import BadInput


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable's value, whole."""
    monkeypatch.setenv("ACME", "open sesame")
    assert read(SecretRef(env="ACME")).reveal() == "open sesame"


def test_from_a_file(tmp_path: Path) -> None:
    """The file's line without its end."""
    path = tmp_path / "s"
    path.touch(mode=0o640)
    path.write_text("open sesame\r\n", encoding="utf-8")
    assert read(SecretRef(file=str(path))).reveal() == "open sesame"


def test_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not set is named."""
    monkeypatch.delenv("ACME", raising=False)
    with pytest.raises(BadInput) as caught:
        read(SecretRef(env="ACME"))
    assert str(caught.value) == "environment: ACME: is not set (export it, or name a file)"


@pytest.mark.parametrize("value", ["hunter\udcff", "\udce9t\udce9", "\ud800"])
def test_variable_that_is_not_text_is_refused_without_its_value(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes of another encoding come as lone surrogates, which nobody can send."""
    monkeypatch.setattr(os, "environ", {"ACME": value})
    with pytest.raises(BadInput) as caught:
        read(SecretRef(env="ACME"))
    assert str(caught.value) == "environment: ACME: is not UTF-8 text"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\x00", b"x" * 4097])
def test_not_a_line(tmp_path: Path, content: bytes) -> None:
    """A secret is one line; what stands there instead is not shown."""
    path = tmp_path / "s"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read(SecretRef(file=str(path)))
    assert str(caught.value) == f"{path}: must hold one line of 1 to 4096 printable bytes"


def test_not_text(tmp_path: Path) -> None:
    """The error says nothing of the bytes."""
    path = tmp_path / "s"
    path.touch(mode=0o600)
    path.write_bytes(b"hunter\xff")
    with pytest.raises(BadInput) as caught:
        read(SecretRef(file=str(path)))
    assert str(caught.value) == f"{path}: cannot be read: it is not UTF-8 text"
    assert caught.value.__suppress_context__


def test_gone(tmp_path: Path) -> None:
    """A file that went away since the cluster file was read."""
    with pytest.raises(BadInput) as caught:
        read(SecretRef(file=str(tmp_path / "s")))
    assert str(caught.value) == f"{tmp_path / 's'}: cannot be read: No such file or directory"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody may ever write to what has taken the file's place."""
    os.mkfifo(tmp_path / "s", 0o600)
    with pytest.raises(BadInput) as caught:
        read(SecretRef(file=str(tmp_path / "s")))
    assert str(caught.value) == f"{tmp_path / 's'}: cannot be read: it is no regular file"


def test_open_to_everybody(tmp_path: Path) -> None:
    """A secret that others may read is none."""
    path = tmp_path / "s"
    path.write_text("x", encoding="utf-8")
    path.chmod(0o604)
    with pytest.raises(BadInput) as caught:
        read(SecretRef(file=str(path)))
    assert str(caught.value) == (
        f"{path}: can be read by everybody on this machine (chmod o-rwx {path})"
    )


def test_never_shown() -> None:
    """Not by repr, str, format, a container, or on the way to another process."""
    secret = Secret("hunter2")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert not any("hunter2" in text for text in shown)
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(secret)
