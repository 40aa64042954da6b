"""How long the audit page takes to open, beside pytest-html's page of the same run.

A run of some 10,000 checks against hosts that are not there (their answers are made up, as in
tests/plugin), then both pages in headless Chromium, interleaved: from navigation until the page is
loaded and two frames were drawn. Needs pytest-html, and Playwright with a Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]

CONFTEST = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.plugin.scripted import script
changes = [("db2", "nothing-runs"), ("proc1", "down"), ("sip2", "udp-silent")]
script(changes, "log", Path("big.yaml"))
"""

ROLES = {
    "config": ("configuration", 1), "db": ("main-db", 1), "replica": ("replica-db", 0),
    "bill": ("billing", 4), "web": ("web", 3), "sip": ("dispatching-node", 6),
    "sbc": ("dispatching-sbc", 2), "proc": ("processing-node", 22), "node": ("other-node", 4),
}  # fmt: skip


def cluster() -> Iterator[str]:
    """A cluster file of 44 servers."""
    yield "cluster: big\nrelease: MR119\nhosts:"
    number = 0
    for name, (role, count) in ROLES.items():
        for at in range(1, count + 1):
            number += 1
            mysql = ", mysql: 3306" if role == "main-db" else ""
            yield f"  {name}{at}: {{private: 10.0.0.{number}, roles: [{role}]{mysql}}}"
    yield "  db2: {private: 10.0.1.1, roles: [replica-db], mysql: 3307}"


def opened(browser: Browser, path: Path) -> float:
    """Seconds until a page is there to be read."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri(), wait_until="load", timeout=120_000)
    frames = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
    page.evaluate(frames)
    took = page.evaluate("performance.now()") / 1000
    page.close()
    return float(took)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "big.yaml").write_text("\n".join(cluster()) + "\n")
        (folder / "conftest.py").write_text(CONFTEST.format(root=str(ROOT)))
        (folder / "pytest.ini").write_text("[pytest]\n")
        command = [sys.executable, "-m", "pytest", str(ROOT / "suites"), "--rootdir", name]
        command += ["-c", "pytest.ini", "-p", "conftest", "--cluster", "big.yaml", "-q"]
        command += ["--html", "run.html", "--self-contained-html", "--audit-dir", "out"]
        surroundings = {**os.environ, "PYTHONPATH": f"{name}:{ROOT}"}
        subprocess.run(command, cwd=name, env=surroundings, check=False, stdout=subprocess.DEVNULL)
        pages = {
            "audit.html": folder / "out" / "big" / "audit.html",
            "pytest-html": folder / "run.html",
        }
        checks = pages["audit.html"].with_name("evidence.json").read_text().count('"expects":')
        rows: dict[str, list[float]] = {title: [] for title in pages}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=options.chromium, args=["--no-sandbox"]
            )
            for _ in range(options.rounds):
                for title, path in pages.items():
                    rows[title].append(opened(browser, path))
            browser.close()
        lines = [f"{checks:,} checks, {os.cpu_count()} cores", ""]
        lines += ["| Page | Opens in, s (median) | Runs | Size, MB |", "|---|---|---|---|"]
        for title, seconds in rows.items():
            size = pages[title].stat().st_size / 1e6
            median = statistics.median(seconds)
            lines.append(f"| {title} | {median:.2f} | {len(seconds)} | {size:.1f} |")
        sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
