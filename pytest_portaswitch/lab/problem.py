"""The one way in which the lab says that something did not work."""

from __future__ import annotations

from collections.abc import Iterable


class LabProblem(Exception):
    """What failed, why, what was checked, and what to do about it; ``str`` is the whole message."""

    def __init__(
        self, what: str, *, cause: str = "", checked: Iterable[str] = (), fix: Iterable[str] = ()
    ) -> None:
        self.what = what
        self.cause = cause
        self.checked = tuple(checked)
        self.fix = tuple(fix)
        super().__init__(self._message())

    def _message(self) -> str:
        lines = [self.what]
        if self.cause:
            lines.append(f"  cause: {self.cause}")
        lines += [f"  checked: {item}" for item in self.checked]
        if len(self.fix) == 1:
            lines.append(f"  to fix this, {self.fix[0]}")
        elif self.fix:
            lines.append("  to fix this, either")
            lines += [f"    - {item}" for item in self.fix]
        return "\n".join(lines)
