"""A lab from the inside: its hosts and its tools, for whoever breaks and mends things there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_portaswitch.lab import supervisor, topology
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.site import Secrets, Site
from pytest_portaswitch.lab.state import Folder, Record


class Inside:
    """What a running lab consists of, and the ways to act on it."""

    def __init__(self, folder: Folder, record: Record) -> None:
        self.folder = folder
        self.record = record
        self.site = Site.of(
            topology.load(record.topology, processing_nodes=record.processing_nodes),
            Secrets(**record.secrets),
        )
        self.hosts = {name: Host(name, pid) for name, pid in record.hosts.items()}

    @property
    def name(self) -> str:
        """The lab's, which is the cluster's, too."""
        return self.folder.name

    def exec(
        self, host: str, command: Sequence[str], **options: Any
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command on a host as root; the options are those of ``subprocess.run``."""
        options.setdefault("check", False)
        return subprocess.run(self.host(host).entering(command), **options)  # noqa: PLW1510,RUF100

    def tool(self, command: Sequence[str], text: str = "") -> str:
        """Run a program of the tree in the lab's own namespaces, where the bridges are."""
        return supervisor.tool(self.record.init, self.folder, command, text)

    @property
    def tools(self) -> Path:
        """The tree that ``tool`` runs in."""
        return supervisor.tools_root(self.record.init, self.folder)

    def host(self, name: str) -> Host:
        """A host of the lab; LabProblem when it has none of that name."""
        if name not in self.hosts:
            raise LabProblem(
                f"lab {self.name!r} has no host {name!r}",
                checked=[f"its hosts are {', '.join(self.hosts)}"],
            )
        return self.hosts[name]
