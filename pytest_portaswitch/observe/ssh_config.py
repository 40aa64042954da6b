"""The jump hosts that the user's own ssh config names.

ssh would start the ssh of these itself, and have it write to its own standard error, among a host's
words. So they are reached as those of the cluster file are, each with a log of its own.
"""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_JUMPS = re.compile(r"(?:[\w.-]+@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?")
_PATIENCE = 5.0
_DEEPEST = 8


def jump(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the jump hosts by which an ssh command line would go, as the cluster file has them.

    Empty where there are none, where they cannot be told, and where a ProxyCommand is named.
    """
    if not _mentions_jump(config_of(command)):
        return ""
    try:
        asked = subprocess.run(
            [command[0], "-G", *command[1:-1]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environment),
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    for line in asked.stdout.decode(errors="replace").splitlines():
        name, _, value = line.partition(" ")
        if name == "proxyjump" and value != "none":
            hops = value.split(",")
            return value if all(_JUMPS.fullmatch(hop) for hop in hops) else ""
    return ""


def config_of(command: Sequence[str]) -> str:
    """Return the file that an ssh command line names as its config, or empty."""
    return next((word for at, word in enumerate(command[1:]) if command[at] == "-F"), "")


@functools.lru_cache(maxsize=64)
def _mentions_jump(config: str) -> bool:
    """Whether a config may name jump hosts, so that ssh need not be asked where none does."""
    if config:
        return _mentions(Path(config), Path("~/.ssh"), 0)
    own, system = Path("~/.ssh/config"), Path("/etc/ssh/ssh_config")
    return _mentions(own, own.parent, 0) or _mentions(system, system.parent, 0)


def _mentions(path: Path, folder: Path, depth: int) -> bool:
    try:
        text = path.expanduser().read_text(errors="replace")
    except OSError:
        return False
    if re.search("proxyjump", text, re.IGNORECASE):
        return True
    for included in re.findall(r"(?im)^[ \t]*include[ \t=]+(.*)$", text):
        for pattern in included.replace('"', " ").split():
            named = (folder / Path(pattern).expanduser()).expanduser()
            files = named.parent.glob(named.name) if depth < _DEEPEST else ()
            if any(_mentions(file, folder, depth + 1) for file in files):
                return True
    return False
