"""What a judge found wrong, in a form that the causes can put together."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of trouble and what has it.

    Verdicts with the same code and subject are one cause. Neither of the two holds counters, times
    or words of a host, so that a cause keeps its id from run to run.
    """

    code: str
    """A slug such as ``not-running``. ``causes/kinds.py`` has what is known of each; one that it
    does not know makes a cause of its own as well, with the verdict's own words."""
    subject: tuple[str, ...]
    """Host or virtual IP first, then subcomponent or port: ``("bill1", "radius")``."""
    detail: str = ""
    """What a title may add in the words of a host; verdicts that differ in it are one cause."""


def fault(code: str, *subject: str, detail: str = "") -> Fault:
    """Return a ``Fault`` with this code and subject."""
    return Fault(code=code, subject=subject, detail=detail)
