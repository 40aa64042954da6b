"""What a site says of itself as a whole: its bounds, and what is binding here."""

from __future__ import annotations

from typing import get_args

import msgspec

from pytest_portaswitch.cluster.model import (
    Hygiene,
    HygieneCheck,
    LeastGrade,
    Questions,
    Severity,
    Undeclared,
)
from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import choice, integer, listing
from pytest_portaswitch.source.tree import Mapping

_severity = choice(get_args(Severity), "'note', 'warn' or 'fail'")
_checks = listing(choice(get_args(HygieneCheck), "a hygiene check"), "hygiene checks")
_percent = integer(0, 99)

UNSAID = Hygiene(restarted_hours=3)
"""The bounds of a cluster file that says nothing of them."""
MOST_HOURS = 720
"""A month: what is older is nothing new before an upgrade."""

GRADES: tuple[LeastGrade, ...] = tuple(grade for grade in get_args(LeastGrade) if grade)
grade = choice(GRADES, "'connected' or 'delivered'")
"""How little proof suffices here."""


_radius = choice(("status-server", "access-request"), "'status-server' or 'access-request'")
_smpp = choice(("enquire-link", "bind"), "'enquire-link' or 'bind'")


def questions(value: Value) -> Questions:
    """``{radius: status-server, smpp: enquire-link}``, or what a site has asked instead."""
    plain = Questions()
    section = value.section((), ("radius", "smpp"))
    if section is None:
        return plain
    return Questions(
        radius=section.read("radius", _radius, plain.radius),  # type: ignore[arg-type]
        smpp=section.read("smpp", _smpp, plain.smpp),  # type: ignore[arg-type]
    )


def undeclared(value: Value) -> Undeclared:
    """``warn`` or ``fail`` for the public network, or ``{public: ..., private: ...}``."""
    plain = Undeclared()
    if not isinstance(value.node, Mapping):
        return msgspec.structs.replace(plain, public=_severity(value) or plain.public)
    section = value.section((), ("public", "private"))
    if section is None:
        return plain
    return Undeclared(
        public=section.read("public", _severity, plain.public),  # type: ignore[arg-type]
        private=section.read("private", _severity, plain.private),  # type: ignore[arg-type]
    )


def hygiene(value: Value) -> Hygiene:
    """``{clock: SECONDS, disk_free: PERCENT, ..., restarted_hours: HOURS, fail: [CHECK, ...]}``."""
    plain = UNSAID
    bounds = ("clock", "disk_free", "inodes_free", "restarted_hours")
    section = value.section((), (*bounds, "fail"))
    if section is None:
        return plain
    return Hygiene(
        clock=section.read("clock", integer(1, 86400), plain.clock),
        disk_free=section.read("disk_free", _percent, plain.disk_free),
        inodes_free=section.read("inodes_free", _percent, plain.inodes_free),
        restarted_hours=section.read(
            "restarted_hours", integer(0, MOST_HOURS), plain.restarted_hours
        ),
        fail=section.read("fail", _checks, ()),  # type: ignore[arg-type]
    )
