"""Signatures with SSH keys, which operators have anyway; ``ssh-keygen`` makes and checks them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from pytest_portaswitch.report.files import LARGEST_SEAL, read_regular

NAMESPACE = "portaswitch-evidence"
"""What a signature is for: one made for something else (git, say) does not pass here."""

TIMEOUT = 60.0

# ssh-keygen passes over other white space between the lines, and over what stands behind them.
_ARMOUR = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=]+\n)+-----END SSH SIGNATURE-----\n"
)


class SigningFailed(Exception):
    """The text says why, for people."""


def sign(content: bytes, key: Path) -> bytes:
    """The armoured signature. ``key``: a private key, or a public one whose other half an agent
    holds. Raises ``SigningFailed``."""
    done = _run(["-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE], content)
    if done.returncode or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        raise SigningFailed(f"{key} cannot sign: {_said(done)}")
    return done.stdout


def check(content: bytes, signature: Path, signers: Path | None, identity: str) -> str:
    """Why a signature does not hold, or empty when it does. Raises ``SigningFailed``.

    Without ``signers`` it may be anyone's.
    """
    try:
        if not _ARMOUR.fullmatch(read_regular(signature, most=LARGEST_SEAL)):
            return "it is not as ssh-keygen writes one"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    command = ["-Y", "check-novalidate", "-n", NAMESPACE]
    if signers:
        command = ["-Y", "verify", "-f", str(signers), "-I", identity, "-n", NAMESPACE]
    done = _run([*command, "-s", str(signature)], content)
    return _said(done) if done.returncode else ""


def _run(arguments: list[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    # A passphrase cannot be asked for here: such keys sign through an agent.
    surroundings = {**os.environ, "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["ssh-keygen", *arguments],
            input=content,
            capture_output=True,
            env=surroundings,
            timeout=TIMEOUT,
            start_new_session=True,  # without a terminal it cannot prompt
            check=False,
        )
    except FileNotFoundError:
        raise SigningFailed("ssh-keygen is not installed") from None
    except OSError as error:
        raise SigningFailed(f"ssh-keygen cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SigningFailed(f"ssh-keygen did not end within {TIMEOUT:g} s") from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
    return "; ".join(line.strip() for line in lines[:3]) or f"exit {done.returncode}"
