"""The published schema is the one of the code, and evidence is valid against it."""

from __future__ import annotations

import json

import jsonschema
import pytest

from pytest_portaswitch.report import schema, schema_words
from pytest_portaswitch.report.files import encode

from .making import evidence

PLAIN = json.loads(schema.PUBLISHED.read_text())


def test_the_published_schema_is_that_of_the_code() -> None:
    """After a change of a shape: scripts/evidence-schema python."""
    assert schema.PUBLISHED.read_text() == schema.text()


def test_evidence_is_valid() -> None:
    """Healthy and broken; and the schema itself is."""
    jsonschema.Draft202012Validator.check_schema(PLAIN)
    validator = jsonschema.Draft202012Validator(PLAIN)
    validator.validate(json.loads(encode(evidence())))
    broken = {"db2": "nothing-runs", "proc1": "down", "sip1": "udp-silent"}
    validator.validate(json.loads(encode(evidence(broken))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), "one"),
        (("verdict",), "fine"),
        (("totals", "planned"), -0.5),
        (("checks", 0, "verdict"), "passed"),
        (("checks", 0, "expects", "type"), "hopes"),
        (("hosts", "db1", "sockets"), None),
    ],
)
def test_what_is_not_evidence_is_not_valid(path: tuple[str | int, ...], value: object) -> None:
    """A schema that lets all through proves nothing."""
    plain = json.loads(encode(evidence()))
    part = plain
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    assert not jsonschema.Draft202012Validator(PLAIN).is_valid(plain)


def test_the_fields_of_the_top_are_described() -> None:
    """Where the name does not say it all."""
    fields = PLAIN["$defs"]["Evidence"]["properties"]
    assert fields["deselected"]["description"].startswith("Ids of planned checks that this run")
    assert {"verdict", "totals", "hosts", "checks", "causes", "site", "tables"} <= set(fields)


def test_every_field_is_described() -> None:
    """Beside it in the code, or among the words for the schema; and no word is left over."""
    parts = schema.schema()["$defs"]
    fields = {f"{name}.{f}": d for name, p in parts.items() for f, d in p["properties"].items()}
    assert [name for name, described in fields.items() if not described.get("description")] == []
    assert len(fields) > 400
    told = {described["description"] for described in fields.values()}
    assert set(schema_words.OWN) <= set(fields)
    assert {*schema_words.OWN.values(), *schema_words.COMMON.values()} <= told
