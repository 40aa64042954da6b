"""What a run needs once its hosts were looked at: judges, packs, pages, lines on the terminal.

None of it is needed sooner, and loading it takes a while: that is done beside the wait for hosts.
"""

from __future__ import annotations

import atexit
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pytest_portaswitch.internal_error import REPORT, InternalError, attempt

if TYPE_CHECKING:
    import pytest

    from pytest_portaswitch.runner.recorder import Recorder


def end_at_once() -> None:
    """When this process ends, leave what it holds to the system.

    Python would look through all of it twice for what refers to itself: a tenth of a second.
    """
    atexit.register(gc.freeze)


def set_aside() -> None:
    """Look no more for garbage among what was made until now: modules, plans, collected tests.

    Python would look through all of it several times during the run, and pytest twice at its end.
    What tests make is still looked through. ``gc.unfreeze`` takes it back.
    """
    gc.freeze()


@contextmanager
def loading_the_rest(items: Sequence[pytest.Item]) -> Iterator[Callable[[], None]]:
    """Give a function that loads it in a thread, for which this waits.

    ``items``: the tests that are about to be run.
    """
    thread = threading.Thread(target=_load, args=(items,), name="portaswitch-ending", daemon=True)
    try:
        yield thread.start
    finally:
        if thread.ident is not None:
            thread.join()


def _load(items: Sequence[pytest.Item]) -> None:
    # The regular import raises the same error again, where it can be reported.
    with suppress(Exception):
        from pytest_portaswitch import pack
        from pytest_portaswitch.judge import judge
        from pytest_portaswitch.report import page, terminal

        page.prepare()
        del judge, pack, terminal
        # pytest asks each test for its place, and each keeps what it once worked out.
        for item in items:
            _ = item.location


def lines(recorder: Recorder) -> Iterator[str]:
    """What the section at the end of the run says, a line each."""
    from pytest_portaswitch.report import fleet, terminal

    for evidence, path in recorder.written:
        shown = attempt(
            "rendering", evidence.cluster, lambda e, p: [*terminal.lines(e, p)], evidence, str(path)
        )
        if isinstance(shown, InternalError):
            shown = [
                f"{evidence.cluster}: {evidence.verdict.replace('-', ' ').upper()}",
                f"  our fault {shown.line}; {REPORT}",
                f"  evidence  {path}",
            ]
        yield from shown
        if not evidence.run.whole:
            folder, name = recorder.settings.audit_dir, evidence.cluster
            more = attempt(
                "rendering", name, lambda f, n: [*terminal.last_whole(f, n)], folder, name
            )
            yield from [f"  our fault {more.line}"] if isinstance(more, InternalError) else more
    if recorder.repeats:
        tests = "1 more test" if recorder.repeats == 1 else f"{recorder.repeats} more tests"
        yield f"{tests} could not be judged for the same causes, and are left out: -v shows all"
    for fault in recorder.faults:
        lost = "no evidence" if fault.stage == "evidence" else "not done"
        yield f"{fault.subject}: {lost}: {fault.line}; {REPORT}"
    for folder in recorder.kept:
        yield f"the baseline's pack was kept: {folder}"
    if recorder.index:
        yield f"{recorder.index.path}: {fleet.tally(recorder.index.packs)}"
    for line in recorder.lost:
        yield f"XDIST: {line}"
    for line in recorder.trouble:
        yield f"NOT WRITTEN: {line}"
