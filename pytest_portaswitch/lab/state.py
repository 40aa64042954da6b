"""The folder of one lab: where its files are, and the record of what is up and what is broken."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_portaswitch.lab.problem import LabProblem

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class Folder:
    """The paths of one lab."""

    path: Path

    @property
    def name(self) -> str:
        """The lab's."""
        return self.path.name

    @property
    def cluster_file(self) -> Path:
        """What an audit of the lab is given."""
        return self.path / "cluster.yaml"

    @property
    def record(self) -> Path:
        """What is up, as JSON."""
        return self.path / "state.json"

    def log(self, host: str, daemon: str) -> Path:
        """What a daemon said."""
        return self.path / "logs" / host / f"{daemon}.log"

    @property
    def lock(self) -> Path:
        """Beside the folder, which comes and goes under it."""
        return self.path.parent / f".{self.name}.lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from changing this lab meanwhile."""
        while True:
            with self.lock.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                # Whoever took the lab down meanwhile removed the file that was waited for.
                if self.lock.exists() and self.lock.samefile(f"/proc/self/fd/{lock.fileno()}"):
                    yield
                    return


@dataclass(frozen=True)
class BrokenThing:
    """A fault that is in effect, and the steps that take it back."""

    id: str
    fault: str
    arguments: tuple[str, ...]
    undo: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Record:
    """What is needed to find a lab again."""

    topology: str
    processing_nodes: int | None
    tree: str
    started: float
    supervisor: int
    """The process that holds the lab; all of the lab ends with it."""
    supervisor_started: int
    """In clock ticks since boot: a number of a process alone could be another's by now."""
    init: int
    hosts: dict[str, int]
    """Host name to its first process, in the machine's numbering."""
    secrets: dict[str, str]
    faults: tuple[BrokenThing, ...] = field(default=())

    def with_faults(self, faults: tuple[BrokenThing, ...]) -> Record:
        """The same lab, with other things broken."""
        return replace(self, faults=faults)


def folder_of(name: str) -> Folder:
    """The folder of a lab of that name, which need not exist; LabProblem for a bad name."""
    if not _NAME.fullmatch(name):
        raise LabProblem(
            f"{name!r} cannot be the name of a lab",
            cause="a name is lower-case letters, digits and hyphens, 41 at most",
            fix=["choose another name"],
        )
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return Folder(state / "pytest-portaswitch" / "lab" / name)


def write(folder: Folder, record: Record) -> None:
    """Store the record, atomically and for its owner only."""
    text = json.dumps(asdict(record), indent=1)
    new = folder.record.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.rename(folder.record)


def read(folder: Folder) -> Record | None:
    """The record of a lab, or None when there is no such lab."""
    try:
        fields = json.loads(folder.record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    faults = tuple(
        BrokenThing(item["id"], item["fault"], tuple(item["arguments"]), tuple(item["undo"]))
        for item in fields.pop("faults")
    )
    return Record(**fields, faults=faults)
