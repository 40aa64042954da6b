"""The modules of this package are imported as Python imports any other.

pytest takes each module of an installed plugin for one in which tests assert something, and imports
it by a hook that rewrites assertions so that they explain themselves. No module of this package
tests anything (the suites are found as test modules are), and the hook takes twice as long as
Python; where a user may not write beside the installed package, it compiles all anew in every run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_OWN = __name__.partition(".")[0] + "."


class OwnModules(MetaPathFinder):
    """Finds this package's modules, and no other, before pytest's hook is asked."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return where a module is, or None for the other finders to go on."""
        return PathFinder.find_spec(fullname, path, target) if fullname.startswith(_OWN) else None


def import_plainly() -> None:
    """From now on, in this process."""
    if not any(isinstance(finder, OwnModules) for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnModules())
