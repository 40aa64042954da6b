"""Whether what a run leaves can be written, tried before any host is contacted.

It loads little: what writes packs is loaded while hosts are looked at.
"""

from __future__ import annotations

import dataclasses
import errno
import itertools
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import walk_tb
from types import CodeType

import pytest

from pytest_portaswitch.report.files import INDEX
from pytest_portaswitch.report.layout import HISTORY, PARTIAL, folder_of, history_of
from pytest_portaswitch.runner import stash
from pytest_portaswitch.runner.audits import Audits
from pytest_portaswitch.text import show

PER_CHECK = 6_000
PER_PACK = 300_000
"""Bytes. Measured: a pack of 13 hosts and 402 checks has 2.0 MB, with a page, its evidence and
OSCAL; and the earlier pack stays meanwhile."""

TRIES = 5

_LONGEST = ".oscal-assessment-results.json.12345678"
_LONGEST_ENTRY = "2027-01-31T010203Z-partial-100"


def refuse_folder(config: pytest.Config, audits: Audits) -> None:
    """Raise pytest.UsageError where the evidence cannot be written. Nothing of the trial stays."""
    audit_dir = config.stash[stash.SETTINGS].audit_dir
    planned = {audit.cluster.name: len(audit.plan.checks) for audit in audits.each()}
    if INDEX in planned:
        raise pytest.UsageError(
            f"a cluster cannot be called {INDEX}: so is the page over all clusters in "
            f"{audit_dir} (give it another name in its cluster file)"
        )
    needed = sum(PER_PACK + PER_CHECK * checks for checks in planned.values())
    try:
        _try_folder(audit_dir, needed)
        for cluster in planned:
            _try_places(audit_dir, cluster)
    except OSError as error:
        raise pytest.UsageError(_refusal("--audit-dir", audit_dir, error, needed)) from None


def refuse_reports(config: pytest.Config) -> None:
    """Raise pytest.UsageError where a report of another plugin cannot be written."""
    found = []
    for option, name in (("--html", "htmlpath"), ("--junitxml", "xmlpath")):
        given = config.getoption(name, None)
        if not given:
            continue
        file = Path.cwd() / Path(os.path.expandvars(given)).expanduser()
        try:
            if file.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
            _try_folder(file.parent, PER_PACK)
            if file.exists() and not os.access(file, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        except OSError as error:
            found.append(_refusal(option, file, error, PER_PACK))
    if found:
        raise pytest.UsageError("\n".join(found))


def _refusal(option: str, given: Path, error: OSError, needed: int) -> str:
    place = Path(error.filename or given)
    # A trial's own names say nothing to people.
    place = next((path.parent for path in place.parents if _is_trial(path)), place)
    place = place.parent if _is_trial(place) else place
    room = f", about {needed / 1e6:.1f} MB are needed" if error.errno in _FULL else ""
    return (
        f"{option}: {place}: cannot be written: {error.strerror}{room}; no host was contacted "
        f"(mend it, or give another place with {option})"
    )


def _is_trial(path: Path) -> bool:
    return path.name.startswith(TRIAL)


TRIAL = ".trial~"

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _try_folder(folder: Path, size: int) -> None:
    """Write so many bytes into the folder and remove them again. Raises OSError."""
    for _ in range(TRIES):
        # Another run's trial may have removed the folder that it had made.
        with suppress(FileNotFoundError):
            return _try_once(folder, size)
    return _try_once(folder, size)


def _try_once(folder: Path, size: int) -> None:
    with _made(folder), tempfile.TemporaryDirectory(prefix=TRIAL, dir=folder) as inside:
        handle = os.open(Path(inside) / _LONGEST, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        try:
            # Takes the room, so that quotas and what is kept for root count.
            with suppress(AttributeError):  # not everywhere
                os.posix_fallocate(handle, 0, size)
            os.write(handle, b"a trial\n")
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The folder is there, and what was made for that goes again. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
        yield
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()


def _try_places(audit_dir: Path, cluster: str) -> None:
    """Look at whatever lies where packs and pages go. Raises OSError."""
    history = history_of(audit_dir, cluster)
    for place in (
        folder_of(audit_dir, cluster, whole=True),
        audit_dir / PARTIAL,
        folder_of(audit_dir, cluster, whole=False),
        audit_dir / HISTORY,
        history,
    ):
        if not os.path.lexists(place):
            continue
        _ = list(place.iterdir())
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
    index = audit_dir / INDEX
    if index.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(index))
    with suppress(FileNotFoundError):
        (history / _LONGEST_ENTRY / _LONGEST).lstat()


def folder_above(audit_dir: Path) -> Path:
    """The nearest folder above the evidence's that is there.

    Where it is gone at the end of the run, somebody removed it: it is not made anew.
    """
    return next(path for path in audit_dir.parents if path == path.parent or path.is_dir())


class StartFolder:
    """pytest goes back to the folder in which it was started before anything is written, and ends
    with a traceback where that is gone, or cannot be entered any more."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Send pytest elsewhere then: what is written has absolute paths."""
        try:
            return (yield)
        finally:
            given = session.config.invocation_params
            try:
                os.chdir(given.dir)
            except OSError:
                elsewhere = _readable_folder()
                session.config.invocation_params = dataclasses.replace(given, dir=elsewhere)


def _readable_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        return Path(os.sep)


def finish_others(session: pytest.Session, error: OSError) -> Iterator[str]:
    """What plugins could not write at the end, a line each, the one that raised ``error`` first.

    pytest leaves out those that come after one that fails: they are called here.
    """
    yield _foreign_trouble(error)
    failed = {frame.f_code for frame, _ in walk_tb(error.__traceback__)}
    implementations = session.config.hook.pytest_sessionfinish.get_hookimpls()
    plain = [one for one in reversed(implementations) if not (one.wrapper or one.hookwrapper)]
    given = {"session": session, "exitstatus": session.exitstatus}
    missing = itertools.dropwhile(lambda one: _code(one.function) not in failed, plain)
    for one in itertools.islice(missing, 1, None):
        try:
            one.function(**{name: given[name] for name in one.argnames})
        except OSError as another:
            yield _foreign_trouble(another)


def _code(function: Callable[..., object]) -> CodeType | None:
    return getattr(function, "__code__", None)


def _foreign_trouble(error: OSError) -> str:
    """What another plugin could not write at the end, in a line."""
    # What it was writing is known only where opening failed; whose it is, always.
    frames = [frame.f_globals.get("__name__", "?") for frame, _ in walk_tb(error.__traceback__)]
    ours = ("pluggy", "pytest_portaswitch")
    foreign = [name for name in frames if name.partition(".")[0] not in ours]
    whose = f"a report of {foreign[0]}" if foreign else "another plugin's report"
    place = f"{error.filename}: " if error.filename else ""
    return show.line(f"{place}{whose} cannot be written: {error.strerror or error}")
