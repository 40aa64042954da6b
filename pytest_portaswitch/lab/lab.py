"""A lab as its user meets it: up, run, exec, break, mend, down."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from pytest_portaswitch.lab import control, processes, state, supervisor, topology
from pytest_portaswitch.lab.build import build
from pytest_portaswitch.lab.faults import apply, undo
from pytest_portaswitch.lab.inside import Inside
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.progress import Progress, Silent
from pytest_portaswitch.lab.state import BrokenThing, Record

DEFAULT_NAME = "lab"
CLUSTER_VARIABLE = "PORTASWITCH_LAB_CLUSTER"
_ENTER = Path(__file__).with_name("enter.py")


class Lab(Inside):
    """A lab that is up. As a context manager it goes down at the end."""

    @classmethod
    def up(
        cls,
        shape: str = "full",
        *,
        name: str = DEFAULT_NAME,
        processing_nodes: int | None = None,
        show: Progress | None = None,
    ) -> Lab:
        """Bring a lab up and return once all of it is ready; LabProblem when it cannot be."""
        if not (topology.SHIPPED / f"{shape}.yaml").is_file():
            shape = str(Path(shape).resolve())
        wanted = topology.load(shape, processing_nodes=processing_nodes)
        folder = state.folder_of(name)
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        with folder.locked():
            record = state.read(folder)
            if record is not None and _is_alive(record):
                raise LabProblem(
                    f"a lab named {name!r} is up already",
                    checked=[f"process {record.supervisor} holds it", f"files: {folder.path}"],
                    fix=["take it down: pytest-portaswitch lab down --name " + name,
                         "choose another name with --name"],
                )  # fmt: skip
            asked = (shape, processing_nodes)
            return cls(folder, build(folder, wanted, asked, show or Silent()))

    @classmethod
    def open(cls, name: str = DEFAULT_NAME) -> Lab:
        """The lab of that name; LabProblem when it is not up."""
        folder = state.folder_of(name)
        record = state.read(folder)
        if record is None:
            raise LabProblem(
                f"there is no lab named {name!r}",
                checked=[str(folder.record), f"labs there are: {', '.join(names()) or 'none'}"],
                fix=["bring it up: pytest-portaswitch lab up --name " + name],
            )
        if not _is_alive(record):
            raise LabProblem(
                f"the lab named {name!r} has ended",
                cause=f"process {record.supervisor}, which held it, is gone",
                checked=[str(folder.record)],
                fix=["clear its files away: pytest-portaswitch lab down --name " + name],
            )
        return cls(folder, record)

    @property
    def cluster_file(self) -> Path:
        """The cluster file that describes this lab."""
        return self.folder.cluster_file

    def command(self, command: Sequence[str], cwd: str | None = None) -> list[str]:
        """The command line that runs a command in the operator's namespaces."""
        enter = [sys.executable, "-I", "-S", str(_ENTER), str(self.record.init)]
        return [*enter, cwd or os.getcwd(), *command]  # noqa: PTH109 -- as the shell shows it

    def environment(self) -> dict[str, str]:
        """What a command in the operator's namespaces finds set."""
        return {**os.environ, CLUSTER_VARIABLE: str(self.cluster_file)}

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command as the operator; the options are those of ``subprocess.run``."""
        options.setdefault("check", False)
        options["env"] = {**self.environment(), **(options.get("env") or {})}
        return subprocess.run(self.command(command, options.pop("cwd", None)), **options)  # noqa: PLW1510,RUF100

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command as the operator; the options are those of ``subprocess.Popen``."""
        options["env"] = {**self.environment(), **(options.get("env") or {})}
        return subprocess.Popen(self.command(command, options.pop("cwd", None)), **options)

    def replace_process(self, command: Sequence[str]) -> int:
        """Become the command, run as the operator; does not return."""
        full = self.command(command)
        os.execve(full[0], full, self.environment())  # noqa: S606 -- to pass all signals on

    def status(self) -> Iterator[str]:
        """A line for each host, and one for each fault in effect."""
        for host in self.site.topology.hosts:
            yield f"{host.name:10} {host.private:15} {', '.join(host.roles)}"
            for daemon in self.site.on(host.name):
                running = bool(self.hosts[host.name].daemon_pids(daemon.name))
                ports = " ".join(map(str, daemon.endpoints)) or "-"
                yield f"    {daemon.name:22} {'runs' if running else 'does not run':12} {ports}"
        for broken in self.record.faults:
            yield f"broken: {broken.id}"

    def break_(self, fault: str, *targets: str, **options: str) -> str:
        """Break something and return once that is in effect; the id is for ``mend``."""
        with self._changing():
            broken = apply(self, fault, targets, options)
            self._store((*self.record.faults, broken))
        return broken.id

    def mend(self, fault_id: str | None = None) -> tuple[BrokenThing, ...]:
        """Take one fault back, or all, and return once everything is as before."""
        with self._changing():
            mended = [b for b in self.record.faults if fault_id in {None, b.id}]
            if not mended and fault_id is not None:
                ids = ", ".join(broken.id for broken in self.record.faults) or "none"
                raise LabProblem(f"there is no fault {fault_id!r}", checked=[f"in effect: {ids}"])
            # The last first: a later fault may rest on what an earlier one left.
            for broken in reversed(mended):
                undo(self, broken)
                self._store(tuple(b for b in self.record.faults if b != broken))
            if not self.record.faults:
                self.await_ready()
        return tuple(mended)

    @contextmanager
    def broken(self, fault: str, *targets: str, **options: str) -> Iterator[str]:
        """Something is broken inside the block, and mended after it."""
        fault_id = self.break_(fault, *targets, **options)
        try:
            yield fault_id
        finally:
            self.mend(fault_id)

    def await_ready(self) -> None:
        """Return when all daemons do their work, clients included; LabProblem when not."""
        logs = {daemon: self.folder.log(daemon.host, daemon.name) for daemon in self.site.daemons}
        control.await_all(self.site.daemons, self.site, self.hosts, logs)

    def down(self) -> None:
        """End the lab with everything in it and remove its files."""
        down(self.name)

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self.folder.locked():
            # Somebody else may have broken or mended something since this object was made.
            record = state.read(self.folder)
            if record is None or not _is_alive(record):
                raise LabProblem(f"the lab named {self.name!r} has ended")
            self.record = record
            yield

    def _store(self, faults: tuple[BrokenThing, ...]) -> None:
        self.record = self.record.with_faults(faults)
        state.write(self.folder, self.record)


def names() -> tuple[str, ...]:
    """The labs that there are files of."""
    parent = state.folder_of(DEFAULT_NAME).path.parent
    return tuple(sorted(path.parent.name for path in parent.glob("*/state.json")))


def down(name: str) -> bool:
    """End a lab, whatever state it is in, and remove its files; False when there was none."""
    folder = state.folder_of(name)
    if not folder.path.exists():
        return False
    with folder.locked():
        record = state.read(folder)
        if record is not None and _is_alive(record):
            supervisor.end(
                record.supervisor, record.supervisor_started, [record.init, *record.hosts.values()]
            )
        shutil.rmtree(folder.path, ignore_errors=True)
        folder.lock.unlink()
    return True


def _is_alive(record: Record) -> bool:
    return processes.alive(record.supervisor, record.supervisor_started)
