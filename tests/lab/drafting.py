"""A draft of the lab's cluster file, completed only where it asks, as somebody would who knows
what the hosts are for and where the secrets are.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

from pytest_portaswitch.lab import Lab

ANSWERS = {"config": "configuration", "media1": "media-server, other-node"}
"""Roles for which the tables have neither a process nor a port."""


def discover(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as the operator of the lab types it."""
    command = [sys.executable, "-m", "pytest_portaswitch", "discover", *arguments]
    result: subprocess.CompletedProcess[str] = lab.run(command, capture_output=True, text=True)
    return result


def draft(lab: Lab, path: Path) -> Path:
    """The draft of the whole lab, from bare addresses, under this path."""
    login = ["--ssh-config", str(lab.folder.path / "ssh_config"), "--cluster", "drafted"]
    addresses = [host.private for host in lab.site.topology.hosts]
    done = discover(lab, *addresses, *login, "-o", str(path))
    assert done.returncode == 0, done.stderr
    return path


def completed(lab: Lab, path: Path) -> Path:
    """The draft with its questions answered, in place. Nothing else is touched."""
    text = path.read_text()
    for host, roles in ANSWERS.items():
        head, mark, tail = text.partition(f"  {host}:\n")
        text = head + mark + re.sub(r"roles: unknown .*", f"roles: [{roles}]", tail, count=1)
    own = lab.folder.path
    tls = yaml.safe_load(lab.cluster_file.read_text())["tls"]
    called = {name: drafted for drafted, name in names_of(lab, path).items()}
    names = {
        subcomponent: {called.get(place, place): name for place, name in by_place.items()}
        for subcomponent, by_place in tls["names"].items()
    }
    asked_names = re.search(r"^#   names: .*$", text, re.MULTILINE)
    assert asked_names
    for asked, answer in (
        ("# tls:", "tls:"),
        ("#   authorities: FILE", f"  authorities: {tls['authorities']}"),
        (asked_names[0], f"  names: {json.dumps(names)}"),
        ("# secrets:", "secrets:"),
        ("#   radius: {env: RADIUS_SECRET}", f"  radius: {{file: {own / 'radius_secret'}}}"),
        ("#   mysql: {env: MYSQL_PASSWORD}", f"  mysql: {{file: {own / 'database_password'}}}"),
        ("# replica: {account: NAME}", "replica: {account: audit}"),
    ):
        assert asked in text
        text = text.replace(asked, answer)
    assert "unknown  # fill in" not in text
    path.write_text(text)
    return path


def names_of(lab: Lab, path: Path) -> dict[str, str]:
    """What the lab's own file calls the virtual IPs of this one, by its names."""
    shared = {virtual.address: virtual.name for virtual in lab.site.topology.virtual_ips}
    drafted = yaml.safe_load(path.read_text())["virtual_ips"]
    return {name: shared[virtual["address"]] for name, virtual in drafted.items()}
