"""Measures an audit beside its floor and beside what people write by hand, in one run.

Starts a lab and takes it down. ``make bench`` runs it with the bare package.
Rounds are interleaved, so that whatever else the machine does meets all of them alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pytest_portaswitch.lab import Lab

HERE = Path(__file__).parent
DEAD = ("media1", "proc2", "web1")
"""Hosts of the ``full`` topology that are unplugged one after the other."""
ROOT = HERE.parent


class Bench:
    """The contestants, each a command run in the lab's operator namespace."""

    def __init__(self, lab: Lab, folder: Path, hand: Path) -> None:
        """``hand``: the Python that runs the hand-written suite."""
        self.lab = lab
        self.folder = folder
        self.plan = folder / "plan.json"
        self.config = lab.cluster_file.parent / "ssh_config"
        self.hand = str(hand)

    def timed(self, command: list[str], accepted: tuple[int, ...] = (0,), **env: str) -> float:
        """Seconds that a command takes; it must end well."""
        # Some machines forbid Python to keep bytecode: it would compile everything every time.
        surroundings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **env}
        began = time.monotonic()
        result = self.lab.run(
            command, env=surroundings, capture_output=True, text=True, cwd=self.folder
        )
        took = time.monotonic() - began
        if result.returncode not in accepted:
            sys.exit(f"{command}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
        return took

    def floor(self, hosts: list[str]) -> float:
        """``ssh HOST true`` to all hosts at once."""
        each = " & ".join(f"ssh -F {self.config} {host} true" for host in hosts)
        return self.timed(["bash", "-c", f"{each} & wait"])

    def dead(self, count: int) -> float:
        """The audit of a cluster in which so many hosts take no packet any more."""
        with ExitStack() as broken:
            for host in DEAD[:count]:
                broken.enter_context(self.lab.broken("unplugged", host))
            return self.audit(accepted=(1,))

    def audit(self, accepted: tuple[int, ...] = (0,)) -> float:
        """This project, as a person runs it: the whole pytest process."""
        arguments = ["suites", "--cluster", str(self.lab.cluster_file), "-q", "--no-header"]
        return self.timed([sys.executable, "-m", "pytest", *arguments], accepted)

    def by_hand(self, *more: str) -> float:
        """A hand-written testinfra suite that asserts the same."""
        test = self.folder / "test_by_hand.py"
        test.write_text((HERE / "handwritten.py").read_text())
        return self.timed(
            [self.hand, "-m", "pytest", "-p", "no:portaswitch", "-q", str(test), *more],
            (0, 1),
            PLAN=str(self.plan),
            SSH_CONFIG=str(self.config),
        )

    def serverspec(self, hosts: list[str]) -> float:
        """The same with Serverspec: a run of rspec a host, as its own Rakefile does."""
        return sum(
            self.timed(
                ["rspec", "--no-color", str(HERE / "serverspec.rb")],
                (0, 1),
                PLAN=str(self.plan),
                SSH_CONFIG=str(self.config),
                TARGET_HOST=host,
            )
            for host in hosts
        )


def has_serverspec() -> bool:
    """Whether Ruby and Serverspec are installed (Debian: ruby-serverspec)."""
    if not shutil.which("rspec"):
        return False
    command = ["ruby", "-r", "serverspec", "-e", ""]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> None:
    """Print the table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="leave out the hand-written suites")
    parser.add_argument("--topology", default="full")
    parser.add_argument(
        "--by-hand",
        type=Path,
        default=Path(sys.executable),
        metavar="PYTHON",
        help="runs the hand-written suite",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Lab.up(options.topology, name="bench") as lab:
        bench = Bench(lab, Path(name), options.by_hand.absolute())
        plan = subprocess.run(
            [sys.executable, "-m", "pytest_portaswitch", "plan", str(lab.cluster_file)],
            check=True,
            capture_output=True,
        )
        bench.plan.write_bytes(plan.stdout)
        hosts = sorted(lab.hosts)
        rows: dict[str, list[float]] = {"floor: ssh HOST true to all at once": []}
        rows["this audit"] = []
        contestants: list[tuple[str, Callable[[], float]]] = [
            ("floor: ssh HOST true to all at once", lambda: bench.floor(hosts)),
            ("this audit", bench.audit),
        ]
        bench.audit()  # the first run compiles bytecode, the first login warms caches
        for _ in range(options.rounds):
            for title, measure in contestants:
                rows[title].append(measure())
        for count in (1, len(DEAD)) if DEAD[-1] in hosts else ():
            title = f"this audit, {count} host{'' if count == 1 else 's'} dead"
            rows[title] = [bench.dead(count) for _ in range(2)]
        if not options.quick:
            rows["hand-written testinfra, -n auto"] = [bench.by_hand("-n", "auto")]
            rows["hand-written testinfra, one process"] = [bench.by_hand()]
            if has_serverspec():
                rows["Serverspec, host after host"] = [bench.serverspec(hosts)]
            rows["this audit"].append(bench.audit())
        report(rows, len(hosts), plan.stdout.count(b'"kind"'))


def report(rows: dict[str, list[float]], hosts: int, checks: int) -> None:
    """A Markdown table, medians and ratios."""
    audit = statistics.median(rows["this audit"])
    floor = statistics.median(rows["floor: ssh HOST true to all at once"])
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {machine}, {hosts} lab hosts, {checks} checks",
        "",
        "| What | Wall, s (median) | Runs | To the floor | To this audit |",
        "|---|---|---|---|---|",
    ]
    for title, seconds in rows.items():
        median = statistics.median(seconds)
        lines.append(
            f"| {title} | {median:.2f} | {len(seconds)} | {median / floor:.2f} x | "
            f"{median / audit:.1f} x |"
        )
    if not has_serverspec():
        lines += ["", "Serverspec is not installed here and was not measured."]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
