"""A process that runs and does not listen where it should: where does it listen instead?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.judge import seen
from pytest_portaswitch.plan.check import Listens
from pytest_portaswitch.source.bounded_regex import Undecided


def elsewhere(
    item: Item, items: Sequence[Item], facts: Mapping[str, Observation]
) -> tuple[str, ...]:
    """The ports, such as ``tcp/5166``, at which the tables do not expect anything of the process.

    Only of the transport that is missed, and not on loopback, where a process may have its own
    affairs.
    """
    fault, expects = item.verdict.fault, item.check.expects
    if fault is None or fault.code != "not-listening" or not isinstance(expects, Listens):
        return ()
    host = facts.get(fault.subject[0])
    if not isinstance(host, HostFacts):
        return ()
    expected = {port[1:] for other in items for port in other.ports if _is_local(other, host.host)}
    transport = "udp" if expects.ports.transport == "udp" else "tcp"
    try:
        pids = {process.pid for process in seen.processes_matching(host, expects.process)}
    except Undecided:
        return ()
    return tuple(
        sorted(
            {
                f"{socket.transport}/{socket.port}"
                for socket in host.sockets
                if socket.transport == transport
                and not socket.connected
                and not socket.address.startswith("127.")
                and socket.address != "::1"
                and set(socket.pids or ()) & pids
                and (socket.transport, socket.port) not in expected
            }
        )
    )


def _is_local(item: Item, host: str) -> bool:
    expects = item.check.expects
    return isinstance(expects, Listens) and host in expects.place.hosts
