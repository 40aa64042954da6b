"""Keys and certificates of one lab, made by the tree's own tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Run = Callable[[Sequence[str]], str]
"""Runs a command in the tools' tree and returns its output."""

FOLDER = "/keys"
_DAYS = "365"
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_ssh_key(run: Run, name: str) -> None:
    """An ed25519 key pair FOLDER/NAME and FOLDER/NAME.pub."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", f"{FOLDER}/{name}"])


def make_authority(run: Run) -> None:
    """The lab's own certificate authority, FOLDER/ca.pem and FOLDER/ca.key."""
    run(["openssl", "req", "-x509", *_CURVE, "-days", _DAYS, "-subj", "/CN=lab authority",
         "-keyout", f"{FOLDER}/ca.key", "-out", f"{FOLDER}/ca.pem"])  # fmt: skip


def make_certificate(run: Run, name: str, names: Iterable[str], addresses: Iterable[str]) -> None:
    """A certificate FOLDER/NAME.pem with its key, by the lab's authority."""
    run(certificate_command(name, names, addresses))


def certificate_command(
    name: str,
    names: Iterable[str],
    addresses: Iterable[str],
    *,
    days: str = _DAYS,
    self_signed: bool = False,
) -> list[str]:
    """The command that makes a certificate for these names, valid from now on."""
    authority = [] if self_signed else ["-CA", f"{FOLDER}/ca.pem", "-CAkey", f"{FOLDER}/ca.key"]
    entries = [*(f"DNS:{entry}" for entry in names), *(f"IP:{entry}" for entry in addresses)]
    return [
        "openssl", "req", "-x509", *_CURVE, "-days", days, "-subj", f"/CN={name}",
        *authority,
        "-addext", f"subjectAltName={','.join(entries)}",
        "-addext", "basicConstraints=critical,CA:FALSE",
        "-keyout", f"{FOLDER}/{name}.key", "-out", f"{FOLDER}/{name}.pem",
    ]  # fmt: skip


def make_all(
    run: Run, ssh_names: Iterable[str], certificates: dict[str, tuple[list[str], list[str]]]
) -> None:
    """Every key of a lab, side by side; ``certificates``: host to its names and addresses."""
    run(["mkdir", "-p", "-m", "0700", FOLDER])
    make_authority(run)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(make_ssh_key, run, name) for name in ssh_names]
        jobs += [
            pool.submit(make_certificate, run, name, names, addresses)
            for name, (names, addresses) in certificates.items()
        ]
        for job in jobs:
            job.result()


def password_hash(run: Run, password: str) -> str:
    """As /etc/shadow wants it."""
    return run(["openssl", "passwd", "-6", password]).strip()


def taken_from(tools: Path, name: str) -> str:
    """The text of a file that was made in the tools' tree."""
    return (tools / FOLDER.lstrip("/") / name).read_text(encoding="utf-8")
