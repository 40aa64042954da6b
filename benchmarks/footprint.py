"""What one audit leaves in the counters and logs of the servers that it asks.

Starts the ``full`` lab, reads counters and logs, audits, reads them again and prints the
differences as a table. The databases accept no broken handshake at all meanwhile, so that a single
one would lock its peer out, which a second audit would then say.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pytest_portaswitch.lab import Lab
from pytest_portaswitch.lab.daemons import mariadb

SUITES = Path(__file__).parents[1] / "suites"
SUDO_LOG = "/var/log/sudo.log"
LOGINS = ("wtmp", "btmp", "lastlog", "faillog")
SETTLED = 2.0
"""Seconds after which daemons have written what they have to say of closed connections."""
SKIPPED = ("/proc", "/sys", "/var/lib/main-db", "/var/lib/replica-db")
"""Where processes are shown as files, and where databases write all the time."""

Key = tuple[str, str]
"""A service, and a counter or kind of line of its."""


@dataclass(frozen=True)
class Lines:
    """Lines of the logs of one kind of daemon that mean the same."""

    kind: str
    service: str
    what: str
    pattern: str
    meaning: str

    @property
    def key(self) -> Key:
        """What they are counted under."""
        return self.service, self.what


MYSQL = {
    ("MariaDB", "`Connections`"): "one a peer and port, and the login that asks the replica",
    ("MariaDB", "`Access_denied_errors`"): "each handshake is finished, as a login that is refused",
    ("MariaDB", "`Aborted_connects`"): "the same: a refusal counts as one",
    (
        "MariaDB",
        "`Aborted_connects_preauth`",
    ): "broken handshakes, which lock peers out",
    ("MariaDB", "`Aborted_clients`"): "connections that ended without a goodbye",
}
LINES = (
    Lines("mariadb", "MariaDB", "log: `Access denied`", r"Access denied for user 'portaswitch-",
          "the same, by name and peer"),
    Lines("freeradius", "FreeRADIUS", "log", r".", "it does not log Status-Server"),
    Lines("kamailio", "Kamailio", "log", r".", "it does not log OPTIONS"),
    Lines("dovecot", "Dovecot", "log: `Aborted login by logging out`",
          r"Aborted login by logging out \(no auth attempts",
          "one a peer and port: greeting, CAPABILITY, LOGOUT"),
    Lines("freediameter", "freeDiameter", "log: `Connected to`", r"Connected to '\S+\.invalid'",
          "one a peer: capabilities are exchanged"),
    Lines("freediameter", "freeDiameter", "log: the rest of it",
          r"portaswitch-audit\.invalid", "what it says, and that it leaves"),
    Lines("apache", "Apache", "access log", r'"HEAD / HTTP/1\.1" 200 ', "one a peer"),
    Lines("http", "HTTP, the lab's own", "access log", r'"HEAD / HTTP/1\.1" 200 ', "one a peer"),
    Lines("rtpengine", "rtpengine", "log", r".", "RTP goes to ports that no call has"),
    Lines("sshd", "sshd", "log: `Accepted publickey`", r"^Accepted publickey for ",
          "the one trip to each host"),
    Lines("sshd", "sshd", "log: of its end",
          r"^Received disconnect .*:11: disconnected by user$|^Disconnected from user ",
          "two lines a trip"),
    Lines("sshd", "sshd", "log: of knocks", r"^kex_exchange_identification: |portaswitch-audit: |"
          r"^(Connection (closed|reset) by|Disconnected from) \S+ port \d+( \[preauth\])?$",
          "the Configuration server knocks only where no echo comes back"),
    Lines("sudo", "sudo", "log", r"COMMAND=", "the same trip, where `sudo: true`"),
)  # fmt: skip


@dataclass
class Seen:
    """Counters and lines at one time."""

    numbers: Counter[Key] = field(default_factory=Counter)
    unsorted: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    processes: list[str] = field(default_factory=list)


class Watcher:
    """Reads what a lab's servers count and log."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._own = 0
        for host in lab.hosts.values():
            # A lab's sudo keeps no record otherwise.
            host.write("/etc/sudoers.d/footprint", f"Defaults logfile={SUDO_LOG}\n", 0o440)

    def look(self) -> Seen:
        """Everything, summed over the servers of a kind."""
        time.sleep(SETTLED)
        seen = Seen()
        # In the order of the table, also what was not met.
        for key in (*MYSQL, *(lines.key for lines in LINES)):
            seen.numbers[key] = 0
        self._own += 1
        for daemon in self._lab.site.daemons:
            host = self._lab.host(daemon.host)
            if daemon.kind == "mariadb":
                status = mariadb.query(daemon, host, "SHOW GLOBAL STATUS").splitlines()
                for name, value in (line.split("\t") for line in status if "\t" in line):
                    if (key := ("MariaDB", f"`{name}`")) in MYSQL:
                        seen.numbers[key] += int(value)
                # Each look at it is a connection as well.
                seen.numbers["MariaDB", "`Connections`"] -= self._own
            log = self._lab.folder.log(daemon.host, daemon.name)
            self._sort(daemon.kind, log, seen)
        for name, host in self._lab.hosts.items():
            self._sort("sudo", host.path(SUDO_LOG), seen)
            for file in LOGINS:
                size = host.path(f"/var/log/{file}").stat().st_size
                seen.numbers["login records", f"{file}, bytes"] += size
            skipped = " -o ".join(f"-path {path}" for path in (*SKIPPED, "/var/log"))
            command = f"find / ( {skipped} ) -prune -o -type f -printf %p:%s:%T@\\n".split()
            seen.files |= {f"{name}:{line}" for line in host.run(command).splitlines()}
            running = (line for line in host.run(["ps", "-eo", "args"]).splitlines())
            seen.processes += [f"{name}: {line}" for line in running if line != "ps -eo args"]
        return seen

    @staticmethod
    def _sort(kind: str, log: Path, seen: Seen) -> None:
        """Count a log's lines under what they mean."""
        text = log.read_text(errors="replace") if log.exists() else ""
        for line in text.splitlines():
            meant = (one for one in LINES if one.kind == kind and re.search(one.pattern, line))
            if (found := next(meant, None)) is not None:
                seen.numbers[found.key] += 1
            elif kind != "sudo":
                # sudo breaks its lines; what counts is the one with the command.
                seen.unsorted.append(f"{log.parent.name}/{log.stem}: {line}")


def audit(lab: Lab) -> str:
    """Audit as an operator does; the last line that pytest prints."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", str(SUITES), "-p", "no:cacheprovider", "-q"]
        command += ["--cluster", str(lab.cluster_file), "--audit-dir", folder]
        run = lab.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"the lab is not well:\n{run.stdout}\n{run.stderr}")
    return str(run.stdout.splitlines()[-1])


def report(before: Seen, after: Seen) -> list[str]:
    """The table, and what does not fit into it."""
    meanings = MYSQL | {lines.key: lines.meaning for lines in LINES}
    rows = ["| Service | Counter or log | Before | After | Difference | What it is |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    for key in before.numbers:
        service, what = key
        old, new = before.numbers[key], after.numbers[key]
        about = meanings.get(key, "a login without a terminal is not recorded")
        rows.append(f"| {service} | {what} | {old} | {new} | {new - old:+d} | {about} |")
    other = Counter(after.unsorted) - Counter(before.unsorted)
    touched = sorted(after.files - before.files)
    processes = Counter(after.processes) - Counter(before.processes)
    rows.append("")
    for title, found in (
        ("Lines of logs that fit into none of these", list(other.elements())),
        (f"Files, of {len(after.files)}, that changed, logs and databases apart", touched),
        (f"Processes, of {len(after.processes)}, that are new", list(processes.elements())),
    ):
        rows += [f"{title}: {len(found)}.", *(f"  {one}" for one in found)]
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topology", default="full")
    options = parser.parse_args()
    with (
        Lab.up(options.topology, name="footprint") as lab,
        lab.broken("mysql-connect-errors", "db1", to="1"),
        lab.broken("mysql-connect-errors", "db2", to="1"),
    ):
        watcher = Watcher(lab)
        before = watcher.look()
        first = audit(lab)
        after = watcher.look()
        audit(lab)
        head = f"{time.strftime('%Y-%m-%d')}, topology `{options.topology}`: {len(lab.hosts)} hosts"
        sys.stdout.write("\n".join([f"{head}. {first}", "", *report(before, after), ""]))


if __name__ == "__main__":
    main()
