"""Where secrets are kept, and reading one at the moment it is needed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NoReturn

from pytest_portaswitch.cluster import paths
from pytest_portaswitch.cluster.model import SecretRef
from pytest_portaswitch.source import BadInput, Problem, Read, Value
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.source.tree import Mapping
from pytest_portaswitch.text import show

KNOWN = ("mysql", "radius")
"""The secrets that checks can use."""

_LARGEST = 4096


class Secret:
    """A value that shows itself only when asked by ``reveal``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the wire, never for a log, a report or a command line."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not travel between processes")


def read(ref: SecretRef) -> Secret:
    """The secret that a reference names; raises ``BadInput``, which never holds the value."""
    if ref.env:
        value = os.environ.get(ref.env, "")
        if not value:
            raise _refusal("environment", ref.env, "is not set", "export it, or name a file")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refusal("environment", ref.env, "is not UTF-8 text") from None
        return Secret(value)
    path = Path(ref.file)
    if paths.readable_by_all(path):
        raise _refusal(
            ref.file, "", "can be read by everybody on this machine", f"chmod o-rwx {ref.file}"
        )
    try:
        data = read_regular(path, _LARGEST + 1)
        text = data.decode().rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise _refusal(ref.file, "", f"cannot be read: {why}") from None
    if not text or len(data) > _LARGEST or not show.is_one_line(text):
        raise _refusal(ref.file, "", f"must hold one line of 1 to {_LARGEST} printable bytes")
    return Secret(text)


def reference(folder: Path) -> Read[SecretRef]:
    """A reader of ``{env: NAME}`` or ``{file: PATH}``."""

    def read_reference(value: Value) -> SecretRef | None:
        if not isinstance(value.node, Mapping):
            # What stands here may be the secret itself, so it is not shown.
            value.refuse("must be {env: NAME} or {file: PATH}, never a secret", value="")
            return None
        section = value.section((), ("env", "file"))
        assert section is not None
        if len(section.entries) != 1:
            value.refuse("needs either 'env' or 'file'")
        path = section.read("file", paths.guarded(folder), None)
        env = section.read("env", _variable, "")
        return SecretRef(env=env, file=str(path) if path else "")

    return read_reference


def _variable(value: Value) -> str | None:
    name = value.scalar("the name of an environment variable")
    if name is None or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    value.refuse("must be the name of an environment variable, never a secret", value="")
    return None


def _refusal(file: str, where: str, rule: str, fix: str = "") -> BadInput:
    return BadInput([Problem(file, 0, where, "", rule, fix)])
