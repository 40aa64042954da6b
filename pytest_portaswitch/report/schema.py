"""The JSON schema of ``evidence.json``, made from the shapes and what is written beside them."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from pathlib import Path
from typing import Any

import msgspec

from pytest_portaswitch.report.evidence import VERSION, Evidence
from pytest_portaswitch.report.schema_words import COMMON, OWN

PUBLISHED = Path(__file__).with_name("evidence.schema.json")
"""The schema as it is published; a test keeps it as the shapes are."""


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12, each field with its description."""
    found = msgspec.json.schema(Evidence, schema_hook=_other)
    structs = {struct.__name__: struct for struct in sorted(_structs(Evidence), key=str)}
    for name, part in found["$defs"].items():
        beside = _descriptions(structs[name])
        if "description" in part:
            # Some versions of msgspec keep a docstring's indentation, others take it off.
            part["description"] = inspect.cleandoc(part["description"])
        for field, described in part.get("properties", {}).items():
            words = beside.get(field) or OWN.get(f"{name}.{field}") or COMMON.get(field)
            if words:
                described["description"] = words
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:pytest-portaswitch:evidence:{VERSION}",
        "title": f"PortaSwitch audit evidence, version {VERSION}",
        **found,
    }


def text() -> str:
    """The schema as it is published."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=1).decode() + "\n"


def _other(kind: type) -> dict[str, Any]:
    if issubclass(kind, Path):
        return {"type": "string"}
    raise NotImplementedError(f"{kind} has no place in evidence")


def _structs(root: Any) -> set[type[msgspec.Struct]]:
    """Every struct of the package: those that the schema names are among them."""
    found: set[type[msgspec.Struct]] = set()
    waiting = list(msgspec.Struct.__subclasses__())
    while waiting:
        struct = waiting.pop()
        if struct.__module__.split(".")[0] == root.__module__.split(".")[0]:
            found.add(struct)
        waiting += struct.__subclasses__()
    return found


def _descriptions(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The strings that stand under the fields of a class."""
    assert struct.__module__ in sys.modules
    body = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            found[field.target.id] = " ".join(below.value.value.replace("``", "`").split())
    return found
