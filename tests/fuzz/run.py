"""Runs the fuzzers: ``python -m tests.fuzz.run [--seconds N] [--target NAME]...``.

Guided by coverage (atheris) where there is a wheel of it for this Python, else by Hypothesis. A
finding is kept in the corpus at once, so that the tests fail of it until it is mended.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fuzz.target import CORPUS, Target, check

ROOT = Path(__file__).parents[2]
GUIDED = importlib.util.find_spec("atheris") is not None

Fuzz = Callable[[str, Target, list[bytes], int, Path], None]


def main() -> int:
    """Fuzz what is asked for; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="for all targets together")
    parser.add_argument("--target", action="append", help="one of them; may be repeated")
    options = parser.parse_args()
    fuzz = _guided if GUIDED else _unguided
    if not GUIDED:
        print("no atheris for this Python: Hypothesis alters the corpus, and sees no coverage")
    with _instrumented():
        from tests.fuzz.targets import TARGETS, inputs
    names = options.target or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(
            f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}"
        )
    side_by_side = min(len(names), os.cpu_count() or 1)
    seconds = max(1, options.seconds * side_by_side // len(names))
    running: dict[int, tuple[str, float, Path]] = {}
    found = False
    for name in [*names, *[""] * side_by_side]:
        if running and len(running) >= (side_by_side if name else 1):
            pid, status = os.wait()
            found |= _tell(*running.pop(pid), os.waitstatus_to_exitcode(status))
        if name:
            folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
            work = (name, TARGETS[name], list(inputs(name)), seconds, folder)
            running[_begin(fuzz, *work)] = (name, time.monotonic(), folder)
    return int(found)


def _begin(
    fuzz: Fuzz, name: str, target: Target, known: list[bytes], seconds: int, folder: Path
) -> int:
    """Fuzz one target in a process of its own, whose words go to a file; its id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout = sys.stderr = os.fdopen(log, "w", buffering=1)
    tempfile.tempdir = str(folder)
    try:
        fuzz(name, target, known, seconds, folder)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    os._exit(code)


def _tell(name: str, began: float, folder: Path, code: int) -> bool:
    """One line of a target that ended, and the log of one that found something."""
    said = (folder / "log").read_text(errors="replace").strip().splitlines()
    figures = next((line for line in reversed(said) if "DONE" in line or "tried" in line), "")
    state = "FOUND" if code else "ok"
    print(f"{state:6}{name:16}{time.monotonic() - began:5.0f} s  {figures.strip()}", flush=True)
    if code:
        print("\n".join(said[-60:]), flush=True)
    shutil.rmtree(folder)
    return code != 0


@contextlib.contextmanager
def _instrumented() -> Iterator[None]:
    """While this lasts, what is loaded reports what it reaches."""
    if not GUIDED:
        yield
        return
    logging.disable(logging.INFO)
    import atheris

    with atheris.instrument_imports(include=["pytest_portaswitch", "tests.fuzz.refit"]):
        yield


def _guided(name: str, target: Target, known: list[bytes], seconds: int, folder: Path) -> None:
    import atheris

    seeds = folder / "seeds"
    seeds.mkdir()
    for number, data in enumerate(known):
        (seeds / f"{number:05}").write_bytes(data)
    limits = [f"-max_total_time={seconds}", f"-max_len={target.largest}", "-timeout=30"]
    limits += ["-rss_limit_mb=2048", f"-artifact_prefix={folder}/"]
    atheris.Setup(["fuzz", *limits, str(seeds)], lambda data: _try(name, target, data))
    atheris.Fuzz()


def _unguided(name: str, target: Target, known: list[bytes], seconds: int, folder: Path) -> None:
    from hypothesis import HealthCheck, given, settings

    from tests.fuzz.strategies import altered

    until, tried = time.monotonic() + seconds, 0

    @settings(max_examples=100, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(altered(known, target.largest))
    def some(data: bytes) -> None:
        nonlocal tried
        tried += 1
        if time.monotonic() < until:
            _try(name, target, data)

    while time.monotonic() < until:
        some()
    print(f"tried {tried} inputs")


def _try(name: str, target: Target, data: bytes) -> None:
    """Run the target, and keep in the corpus what breaks it."""
    try:
        check(target, data)
    except BaseException:
        traceback.print_exc()
        folder = CORPUS / name.replace(":", "-")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / hashlib.sha256(data).hexdigest()[:12]
        path.write_bytes(data)
        print(f"kept as {path.relative_to(ROOT)}", flush=True)
        raise


if __name__ == "__main__":
    sys.exit(main())
