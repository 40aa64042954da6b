"""The net: what is caught, what goes on, and what is told of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pytest_portaswitch.facts import clean
from pytest_portaswitch.internal_error import InternalError, attempt, attempt_but, distinct

PLACE = r"facts/clean\.py:\d+"


def met(work: Callable[[], object]) -> InternalError:
    """The record that it leaves."""
    found = attempt("judging", "listener:sip1", work)
    assert isinstance(found, InternalError)
    return found


def test_attempt_returns_what_the_stage_returns() -> None:
    """With all that it is given."""
    assert attempt("judging", "a check", int, "12", base=3) == 5


def test_record_names_stage_subject_place_and_type() -> None:
    """The place is the innermost of this program; the text of the exception is not told."""
    found = met(lambda: clean.port(99999))
    assert (found.stage, found.subject, found.exception) == ("judging", "listener:sip1", "Hostile")
    assert re.fullmatch(PLACE, found.place)
    assert "99999" not in repr(found)
    assert found.title == f"a fault of this program at {found.place} (Hostile)"
    assert found.line == f"{found.title}: judging, listener:sip1"


def test_place_of_an_exception_in_a_library_is_ours() -> None:
    """Where we called it."""
    assert re.fullmatch(PLACE, met(lambda: clean.seconds("x")).place)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wish",
    [KeyboardInterrupt, SystemExit, GeneratorExit, pytest.fail.Exception, pytest.skip.Exception],
)
def test_a_wish_to_end_goes_on(wish: type[BaseException]) -> None:
    """It is no fault."""

    def end() -> None:
        raise wish("stop")

    with pytest.raises(wish):
        attempt("judging", "a check", end)


def test_recursion_and_memory_are_recorded_at_their_outermost_place() -> None:
    """How deep it goes differs from run to run."""

    def nest(exception: type[Exception]) -> None:
        raise exception

    assert met(lambda: nest(MemoryError)).exception == "MemoryError"

    def deeper() -> None:
        deeper()

    assert met(deeper).exception == "RecursionError"


def test_a_panic_of_a_rust_library_is_a_fault() -> None:
    """It is a BaseException of its own (PyO3)."""
    panic = type("PanicException", (BaseException,), {})

    def end() -> None:
        raise panic("called `Option::unwrap()` on a `None` value")

    assert met(end).exception == "PanicException"


def test_attempt_but_lets_named_exceptions_go_on() -> None:
    """Those that say something to whoever called."""

    def end() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        attempt_but(OSError, "rendering", "index.html", end)
    assert isinstance(attempt_but(ValueError, "rendering", "index.html", end), InternalError)


def test_a_fault_of_a_hook_is_the_site_s() -> None:
    """The file alone: where a site's files lie is nobody's business."""

    def hook() -> None:
        raise ValueError

    found = attempt("site-hook", "acme", hook)
    assert isinstance(found, InternalError)
    assert re.fullmatch(r"test_internal_error\.py:\d+", found.place)
    assert found.title == f"a fault in a hook of the site at {found.place} (ValueError)"


def test_distinct_has_each_once_in_one_order() -> None:
    """Whoever finished first."""
    one, other = (
        InternalError(stage="judging", subject=name, place="a.py:1", exception="E") for name in "ab"
    )
    assert distinct([other, one, other]) == (one, other)
