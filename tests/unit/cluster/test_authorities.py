"""Files of authorities that are none, and how that is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch.cluster import tls
from pytest_portaswitch.source import BadInput
from tests.unit.certificates import ROOT, make

PEM = ROOT.public_bytes(Encoding.PEM)
OWN = "(give the authorities that issue for this cluster, not all that a system trusts)"


def refusal(path: Path) -> str:
    """What is said of a file, without its folder."""
    with pytest.raises(BadInput) as caught:
        tls.bundle(path)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """In the system's words."""
    assert refusal(tmp_path / "ca.pem") == "ca.pem: cannot be read: No such file or directory"
    assert refusal(tmp_path / "ca\0.pem").endswith("cannot be read: embedded null byte")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody may ever write to it."""
    os.mkfifo(tmp_path / "ca.pem")
    assert refusal(tmp_path / "ca.pem") == "ca.pem: cannot be read: it is no regular file"


@pytest.mark.parametrize(
    "content", [b"", b"nothing", ROOT.public_bytes(Encoding.DER), PEM.replace(b"M", b"N", 9)]
)
def test_a_file_without_a_certificate(tmp_path: Path, content: bytes) -> None:
    """Also one in another form, and one that is torn."""
    (tmp_path / "ca.pem").write_bytes(content)
    assert refusal(tmp_path / "ca.pem") == (
        "ca.pem: holds no certificate in PEM form "
        "(a file of authorities has -----BEGIN CERTIFICATE----- in it)"
    )


def test_a_system_s_whole_trust_is_too_much(tmp_path: Path) -> None:
    """Every check carries them into the evidence."""
    pems = [make(f"ca{n}", f"ca{n}").public_bytes(Encoding.PEM) for n in range(33)]
    (tmp_path / "ca.pem").write_bytes(b"".join(pems))
    assert refusal(tmp_path / "ca.pem") == f"ca.pem: holds more than 32 certificates {OWN}"
    (tmp_path / "ca.pem").write_bytes(b"".join(pems[:32]))
    assert len(tls.bundle(tmp_path / "ca.pem")) == 32
    (tmp_path / "ca.pem").write_bytes(b"#" * (1 << 20) + PEM)
    assert refusal(tmp_path / "ca.pem") == f"ca.pem: is longer than 1048576 bytes {OWN}"


def test_nothing_else_of_the_file_is_kept(tmp_path: Path) -> None:
    """A key that lies beside the certificate goes nowhere."""
    (tmp_path / "ca.pem").write_bytes(
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + PEM
    )
    assert tls.bundle(tmp_path / "ca.pem") == (PEM.decode(),)
