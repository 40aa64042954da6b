"""The net under every stage: a fault of this program costs one check, host or file, never a run.

Call the next stage through ``attempt`` where stages meet, once for each thing that may be lost::

    found = attempt("judging", check.id, judge, check, facts)
    if isinstance(found, InternalError):
        found = could_not_be_judged(check, found)

It returns what the stage returns, or an ``InternalError`` in the place of its exception. The caller
decides what is lost, and says so with a typed result that never passes:

- a check becomes ``unknown`` by ``judge.unknown.internal_error``;
- a probe gets an answer with the finding ``internal-error``;
- a host that could not be observed becomes ``facts.internal_errors.lost``;
- of a host that was observed, the record is added by ``facts.internal_errors.with_internal_error``.

``report.evidence`` collects the records of hosts and verdicts in ``Evidence.internal_errors``, from
which every output shows them, and which ``verify`` computes again. A stage for which nothing above
fits hands its records to ``gather`` or to ``with_internal_errors``.

The text of an exception may hold a secret or words of a host, so the record has none: stage,
subject, place and type are enough to find the fault. An exception that is no fault of this program
(``BadInput``, an unreadable file) is for the stage itself to catch, or goes into ``but``.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

import msgspec

Stage = Literal[
    "planning",
    "requirements",
    "probe-script",
    "host-session",
    "host-reply",
    "udp-round",
    "login-dialogue",
    "reply-recognition",
    "judging",
    "waivers",
    "causes",
    "comparison",
    "evidence",
    "rendering",
    "discovery",
    "command",
    "site-hook",
]
"""What was being done. ``requirements``: finding out what a check needs to know. ``comparison``:
with the baseline. ``evidence``: putting it together. ``site-hook``: the fault is the site's own."""

REPORT = (
    "send us this line and the versions in this report; it holds no secret and no word of a host"
)
"""What to do about a fault of this program."""

_PACKAGE = f"{Path(__file__).parent}/"
_LIBRARIES = ("/site-packages/", "/dist-packages/", "/lib/python3")

P = ParamSpec("P")
T = TypeVar("T")


class InternalError(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of this program, met while it did its work."""

    stage: Stage
    """What was being done."""
    subject: str
    """What it was done for: the id of a check, the key of a probe, a host, a cluster or a file."""
    place: str
    """Source file and line of this program (of a hook: of the site), such as
    ``protocols/mysql.py:181``."""
    exception: str
    """Type of the exception. Its text is left out: it may hold a secret, or words of a host."""

    @property
    def title(self) -> str:
        """What happened, the same for all records of one place."""
        return title(self.place, self.exception, hook=self.stage == "site-hook")

    @property
    def line(self) -> str:
        """Everything, on one line, to be sent to the maintainers."""
        return f"{self.title}: {self.stage}, {self.subject}"


def title(place: str, exception: str, *, hook: bool = False) -> str:
    """What happened, in words."""
    whose = "a fault in a hook of the site" if hook else "a fault of this program"
    return f"{whose} at {place} ({exception})"


def attempt(
    stage: Stage,
    subject: str,
    work: Callable[P, T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T | InternalError:
    """Return what ``work`` returns, or a record of the exception that it raises.

    What is not an error passes through: ``KeyboardInterrupt``, ``SystemExit``, and what pytest ends
    a test with.
    """
    try:
        return work(*args, **kwargs)
    except BaseException as error:
        if not is_fault(error):
            raise
        return record(stage, subject, error)


def attempt_but(
    but: type[Exception] | tuple[type[Exception], ...],
    stage: Stage,
    subject: str,
    work: Callable[[], T],
) -> T | InternalError:
    """The same for work that also has exceptions to raise: those go on."""
    try:
        return work()
    except BaseException as error:
        if isinstance(error, but) or not is_fault(error):
            raise
        return record(stage, subject, error)


def is_fault(error: BaseException) -> bool:
    """Whether an exception stands for a fault, rather than for somebody's wish to end."""
    # What panics in Rust (cryptography) comes as a BaseException of this name.
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def record(stage: Stage, subject: str, error: BaseException) -> InternalError:
    """The record of an exception that somebody caught."""
    return InternalError(
        stage=stage,
        subject=subject,
        place=_place(stage, error),
        exception=type(error).__name__,
    )


def distinct(errors: Iterable[InternalError]) -> tuple[InternalError, ...]:
    """Each record once, in an order that does not depend on who finished first."""
    return tuple(sorted(set(errors), key=lambda e: (e.stage, e.subject, e.place, e.exception)))


def _place(stage: Stage, error: BaseException) -> str:
    # How deep a stack may get, and when memory ends, differs: there the outermost place is the one
    # that comes again. The first frame is that of whoever caught the exception.
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename != __file__
    ]
    if stage == "site-hook":
        own = [(_name(file), line) for file, line in frames if _is_of_site(file)]
    else:
        own = [(file[len(_PACKAGE) :], line) for file, line in frames if _is_ours(file)]
    if not own:
        # It failed in a library, or in a hook, before any frame of ours: where we called it.
        return _caller(error)
    file, line = own[0 if isinstance(error, (RecursionError, MemoryError)) else -1]
    return f"{file}:{line}"


def _caller(error: BaseException) -> str:
    frame = error.__traceback__.tb_frame if error.__traceback__ else None
    while frame and (
        frame.f_code.co_filename == __file__ or not _is_ours(frame.f_code.co_filename)
    ):
        frame = frame.f_back
    if frame is None:
        return "an unknown place"
    return f"{frame.f_code.co_filename[len(_PACKAGE) :]}:{frame.f_lineno}"


@functools.cache
def _is_ours(file: str) -> bool:
    return file.startswith(_PACKAGE)


def _is_of_site(file: str) -> bool:
    return not _is_ours(file) and not any(part in file for part in _LIBRARIES)


def _name(file: str) -> str:
    """Where a site's files lie is no business of a reader of the evidence."""
    return Path(file).name


__all__ = [
    "REPORT",
    "InternalError",
    "Stage",
    "attempt",
    "attempt_but",
    "distinct",
    "is_fault",
    "record",
    "title",
]
