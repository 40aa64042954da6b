"""What can be broken in a lab. Each fault can be mended to exactly the state before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_portaswitch.lab.faults import (
    addresses,
    certificates,
    daemons,
    databases,
    firewall,
    hostile,
    logins,
    machine,
)
from pytest_portaswitch.lab.faults.fault import Breaking, Fault
from pytest_portaswitch.lab.faults.steps import take
from pytest_portaswitch.lab.inside import Inside
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.state import BrokenThing

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        *daemons.FAULTS,
        *firewall.FAULTS,
        *logins.FAULTS,
        *addresses.FAULTS,
        *databases.FAULTS,
        *certificates.FAULTS,
        *machine.FAULTS,
        *hostile.FAULTS,
    )
}


def catalogue() -> list[tuple[str, str]]:
    """How each fault is asked for, and what it does."""
    return [(fault.usage, fault.about) for fault in FAULTS.values()]


def apply(
    lab: Inside, name: str, targets: Sequence[str], options: Mapping[str, str]
) -> BrokenThing:
    """Put a fault into effect; when that fails, nothing of it stays. LabProblem says why."""
    if name not in FAULTS:
        raise LabProblem(
            f"there is no fault {name!r}",
            checked=[f"there are: {', '.join(FAULTS)}"],
            fix=["see how each is asked for: pytest-portaswitch lab break --list"],
        )
    fault = FAULTS[name]
    fault.check(targets, options)
    used = {int(broken.id.partition("-")[0]) for broken in lab.record.faults}
    number = next(number for number in range(1, len(used) + 2) if number not in used)
    breaking = Breaking(lab, fault, number, tuple(targets), options)
    try:
        fault.deed(breaking)
    except BaseException:
        for step in reversed(breaking.undo):
            take(lab, step)
        raise
    arguments = [*targets, *(f"{key}={value}" for key, value in options.items())]
    return BrokenThing(
        f"{number}-{'-'.join([name, *targets])}", name, tuple(arguments), tuple(breaking.undo)
    )


def undo(lab: Inside, broken: BrokenThing) -> None:
    """Take a fault back."""
    for step in reversed(broken.undo):
        take(lab, step)
