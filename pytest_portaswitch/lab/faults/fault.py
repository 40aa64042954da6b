"""What a fault is, and the step-by-step record that takes it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.inside import Inside
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.problem import LabProblem

Step = dict[str, Any]
"""One undoing step as plain data, because mending may happen in another process, days later."""


@dataclass
class Breaking:
    """A fault while it is being put into effect: what was asked, and how to take it back."""

    lab: Inside
    fault: Fault
    number: int
    targets: tuple[str, ...]
    options: Mapping[str, str]
    undo: list[Step] = field(default_factory=list)

    def later(self, do: str, **details: Any) -> None:
        """Note a step for mending; to be called before the deed, so that half a deed is undone."""
        self.undo.append({"do": do, **details})

    def host(self) -> Host:
        """The first target."""
        return self.lab.host(self.targets[0])

    def daemon(self) -> Daemon:
        """The daemon that the first two targets name."""
        return daemon_of(self.lab, self.targets[0], self.targets[1])

    def option(self, name: str, default: str = "") -> str:
        """A key=value option."""
        return self.options.get(name, default)


@dataclass(frozen=True)
class Fault:
    """Something that can be broken."""

    name: str
    targets: tuple[str, ...]
    about: str
    deed: Callable[[Breaking], None]
    options: tuple[str, ...] = ()
    """``key=what may stand there``; a key ends at the first equals sign."""
    harmless: bool = False
    """Whether it is a change that no audit may complain of."""

    @property
    def usage(self) -> str:
        """As on the command line."""
        return " ".join([self.name, *self.targets, *(f"[{option}]" for option in self.options)])

    def check(self, targets: Sequence[str], options: Mapping[str, str]) -> None:
        """LabProblem when these arguments do not fit."""
        known = {option.split("=")[0] for option in self.options}
        unknown = sorted(set(options) - known)
        if len(targets) != len(self.targets) or unknown:
            wrong = f"unknown: {', '.join(unknown)}" if unknown else f"given: {' '.join(targets)}"
            raise LabProblem(
                f"{self.name} cannot be done like that",
                cause=wrong,
                fix=[f"say: pytest-portaswitch lab break {self.usage}"],
            )


def daemon_of(lab: Inside, host: str, name: str) -> Daemon:
    """A daemon by its host and name; LabProblem when there is none."""
    lab.host(host)
    daemon = lab.site.daemon(host, name)
    if daemon is None:
        names = ", ".join(daemon.name for daemon in lab.site.on(host))
        raise LabProblem(f"host {host!r} has no daemon {name!r}", checked=[f"it has {names}"])
    return daemon
