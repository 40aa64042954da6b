"""What a cluster file would say of hosts that were looked at."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_portaswitch.cluster.hosts import MYSQL
from pytest_portaswitch.discover import roles
from pytest_portaswitch.discover.addresses import Choice
from pytest_portaswitch.discover.pins import Pins
from pytest_portaswitch.discover.reading import Target
from pytest_portaswitch.discover.roles import Proposal, Roles, Sign
from pytest_portaswitch.discover.virtual_ips import VirtualIp


@dataclass(frozen=True)
class FoundHost:
    """What a cluster file would say of one host."""

    target: Target
    name: str
    private: Choice
    public: Choice
    unseen: str = ""
    """Why it was not looked at; empty: it was."""
    gaps: tuple[str, ...] = ()
    """What could not be seen on it, and why."""
    roles: Roles = field(default_factory=Roles)
    notes: tuple[str, ...] = ()
    """What labels and folders of PortaSwitch say of it."""
    suggested: str = ""
    """The role that its name suggests, where no process tells one."""
    unnamed: tuple[Sign, ...] = ()
    unexplained: tuple[str, ...] = ()

    @property
    def meant(self) -> tuple[Proposal, ...]:
        """What it is for: as the file says that is there already, and as it shows."""
        return roles.as_written(self.roles, self.target.roles).proposed

    @property
    def mysql(self) -> tuple[int, ...]:
        """The ports that its DB server holds, where it is proposed or meant as one."""
        signs = (sign for one in (*self.roles.proposed, *self.meant) for sign in one.signs)
        return tuple(sorted({s.socket.port for s in signs if s.socket and s.subcomponent == MYSQL}))


@dataclass(frozen=True)
class Found:
    """What a cluster file would say."""

    hosts: tuple[FoundHost, ...]
    releases: tuple[str, ...]
    """All that were seen, sorted."""
    virtual_ips: tuple[VirtualIp, ...]
    pins: Pins
    over_tls: tuple[str, ...]
    """Subcomponents of the proposed roles that show a certificate."""
    silent: tuple[str, ...]
    """Roles of which the tables say nothing that could be seen on a host."""
