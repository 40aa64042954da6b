"""The evidence as OSCAL assessment results (NIST), for whoever gathers audits in that format.

A finding a row of the tables, an observation a check. Row ids stand in the place of objectives,
since the tables are no OSCAL catalog. ``evidence.json`` stays the source: each observation points
to it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report import faults
from pytest_portaswitch.report.assessment import Assessment, accepts, nobody_has, unused_words
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.files import EVIDENCE
from pytest_portaswitch.text import clean, show
from pytest_portaswitch.text.show import markdown

OSCAL_VERSION = "1.1.3"
NAMESPACE = "urn:pytest-portaswitch:oscal"

Part = dict[str, Any]


def document(evidence: Evidence, content: bytes, *, whole: bool = True) -> bytes:
    """``oscal-assessment-results.json``. The same evidence gives the same bytes.

    ``content``: the evidence as its file holds it. Without ``whole`` the verdict and the sum alone:
    in the place of a document that could not be made.
    """
    ids = _Ids(hashlib.sha256(content).hexdigest())
    run = evidence.run
    results = {
        "uuid": ids("results"),
        "metadata": {
            "title": f"PortaSwitch interconnection audit of {markdown(evidence.cluster)}",
            "last-modified": run.finished,
            "version": markdown(run.versions.get("pytest-portaswitch", "")),
            "oscal-version": OSCAL_VERSION,
        },
        "import-ap": {"href": f"#{ids('tables')}"},
        "results": [_whole_result(evidence, ids) if whole else _result(evidence, ids)],
        "back-matter": {
            "resources": [
                {
                    "uuid": ids("tables"),
                    "title": "What was audited against",
                    "description": markdown(f"{run.tables}; run as: {run.command}"),
                },
                {
                    "uuid": ids("evidence"),
                    "title": "Evidence",
                    "description": "The recorded facts, from which every verdict can be computed "
                    "again with pytest-portaswitch verify.",
                    "rlinks": [
                        {
                            "href": EVIDENCE,
                            "media-type": "application/json",
                            "hashes": [
                                {
                                    "algorithm": "SHA-256",
                                    "value": hashlib.sha256(content).hexdigest(),
                                }
                            ],
                        }
                    ],
                },
            ]
        },
    }
    text = msgspec.json.encode({"assessment-results": results})
    return show.json(msgspec.json.format(text, indent=1)) + b"\n"


class _Ids:
    """UUIDs that depend on the evidence alone (version 5)."""

    def __init__(self, seed: str) -> None:
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}:{seed}")
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = str(uuid.uuid5(self._space, name))
        return self._known[name]


def _result(evidence: Evidence, ids: _Ids) -> Part:
    totals, run = evidence.totals, evidence.run
    result: Part = {
        "uuid": ids("result"),
        "title": markdown(f"{evidence.cluster}: {evidence.verdict}"),
        "description": f"{totals.planned} checks = {totals.passed} passed + {totals.failed} failed "
        f"+ {totals.unknown} unknown + {totals.waived} waived.",
        "start": run.started,
        "end": run.finished,
        "props": [
            _prop("verdict", evidence.verdict),
            _prop("run-state", run.state),
            _prop("deselected-checks", str(run.deselected)),
        ],
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
    }
    if evidence.removed:
        result["props"].append(_prop("removed-checks", str(len(evidence.removed))))
    assessment = evidence.assessment or Assessment()
    if roles := nobody_has(evidence.unheld):
        result["props"].append(_prop("not-held", roles))
    result["props"] += [
        *(_prop("not-in-use", line) for line in unused_words(evidence.not_in_use)),
        *(_prop("not-assessed", f"{one.title}; {one.fix}") for one in assessment.missing),
        *(_prop("accepted", accepts(entry)) for entry in evidence.site.accepted),
    ]
    if evidence.internal_errors:
        result["props"].append(_prop("internal-errors", str(len(evidence.internal_errors))))
        result["remarks"] = markdown("; ".join(faults.listed(evidence.internal_errors)))
    return result


def _whole_result(evidence: Evidence, ids: _Ids) -> Part:
    result = _result(evidence, ids)
    components = [
        {
            "uuid": ids(f"host:{name}"),
            "type": "this-system",
            "title": markdown(name),
            "description": markdown(f"{', '.join(host.roles)} at {host.private}"),
            "status": {"state": "operational"},
        }
        for name, host in evidence.site.hosts.items()
    ]
    if components:
        result["local-definitions"] = {"components": components}
    if evidence.checks:
        result["observations"] = [_observation(check, evidence, ids) for check in evidence.checks]
        result["findings"] = list(_findings(evidence, ids))
    return result


def _observation(check: JudgedCheck, evidence: Evidence, ids: _Ids) -> Part:
    props = [_prop("check", check.id), _prop("verdict", check.verdict), _prop("kind", check.kind)]
    if check.grade:
        props.append(_prop("grade", check.grade))
    observation: Part = {
        "uuid": ids(f"check:{check.id}"),
        "title": markdown(check.title),
        "description": markdown(check.message),
        "props": props,
        "methods": ["TEST"],
        "collected": evidence.run.finished,
        "relevant-evidence": [
            {"href": f"#{ids('evidence')}", "description": f"Check {markdown(check.id)}"}
        ],
    }
    if check.warnings:
        observation["remarks"] = markdown(f"Warning: {'; '.join(check.warnings)}")
    if check.host in evidence.site.hosts:
        observation["subjects"] = [{"subject-uuid": ids(f"host:{check.host}"), "type": "component"}]
    return observation


_REASON: dict[VerdictWord, str] = {
    "pass": "pass",
    "fail": "fail",
    "unknown": "other",
    "waived": "other",
}
_GRAVEST: tuple[VerdictWord, ...] = ("fail", "unknown", "waived", "pass")


def _findings(evidence: Evidence, ids: _Ids) -> Iterable[Part]:
    by_row: dict[str, list[JudgedCheck]] = defaultdict(list)
    for check in evidence.checks:
        by_row[check.row or check.kind].append(check)
    purposes = {row.id: row.purpose for row in evidence.tables.rows}
    for row, checks in sorted(by_row.items()):
        words = [check.verdict for check in checks]
        worst = min(words, key=_GRAVEST.index)
        counted = ", ".join(f"{words.count(word)} {word}" for word in _GRAVEST if word in words)
        yield {
            "uuid": ids(f"row:{row}"),
            "title": markdown(row),
            "description": markdown(f"{purposes.get(row) or row}: {counted}"),
            "target": {
                "type": "objective-id",
                "target-id": _token(row),
                "status": {
                    "state": "satisfied" if worst == "pass" else "not-satisfied",
                    "reason": _REASON[worst],
                    "remarks": f"The gravest of its verdicts is {worst}.",
                },
            },
            "related-observations": [
                {"observation-uuid": ids(f"check:{check.id}")} for check in checks
            ],
        }


def _prop(name: str, value: str) -> Part:
    return {"name": name, "ns": NAMESPACE, "value": clean(value, len(value)).strip() or "-"}


def _token(text: str) -> str:
    """As OSCAL's tokens may be: letters, digits, dots, hyphens, underscores."""
    shown = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text)
    return shown if shown[:1].isalpha() or shown[:1] == "_" else f"_{shown}"
