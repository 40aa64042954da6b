"""Compiled templates, kept where Python keeps compiled modules: compiling takes longer than a page.

As there, nothing is kept with ``PYTHONDONTWRITEBYTECODE`` or in a folder that cannot be written.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket


class BesideModules(jinja2.FileSystemBytecodeCache):
    """Of each template's text one file in ``__pycache__``, for one Jinja and one set of options."""

    def __init__(self, folder: Path, options: object) -> None:
        """``folder``: of the templates. ``options``: all that the compiled form depends on."""
        beside = Path(importlib.util.cache_from_source(str(folder / "any.py"))).parent
        made_with = hashlib.sha256(f"{jinja2.__version__} {options}".encode()).hexdigest()[:12]
        tag = sys.implementation.cache_tag
        super().__init__(str(beside), f"jinja-%s-{made_with}.{tag}.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template from there; what is not as it should be counts as missing."""
        try:
            super().load_bytecode(bucket)
        except Exception:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Put a template there, if things may be put there."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
