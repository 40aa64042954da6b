"""An argument parser that names the closest match of a word that it does not know."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from pytest_portaswitch.source.problem import closest
from pytest_portaswitch.text import show


class Parser(argparse.ArgumentParser):
    """Refuses what it does not know itself: by then the parser above has other options."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and leave nothing over: ``error`` ends the program with exit code 2."""
        found, unknown = super().parse_known_args(args, namespace)
        options = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        known = [name for name in self._option_string_actions if name.startswith("--")]
        lines = [f"{show.quoted(o)}: is no option; {closest(o, known)}" for o in options]
        if unknown and not lines:
            lines = [f"{show.quoted(word)}: is one argument too many" for word in unknown]
        if lines:
            self.error("\n".join(lines))
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = "command" if isinstance(action, argparse._SubParsersAction) else "choice"
            rule = f"{show.quoted(str(value))}: is no {what}; {closest(str(value), action.choices)}"
            raise argparse.ArgumentError(action, rule)
