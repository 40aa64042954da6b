"""Faults of what daemons prove themselves by: certificates and shared secrets."""

from __future__ import annotations

from pytest_portaswitch.lab import control, keys
from pytest_portaswitch.lab.daemons.freeradius import client, clients_file
from pytest_portaswitch.lab.daemons.kind import CERTIFICATE, KEY
from pytest_portaswitch.lab.faults.fault import Breaking, Fault, daemon_of
from pytest_portaswitch.lab.problem import LabProblem

_STATES = ("expired", "not-yet-valid", "wrong-name", "expires-soon", "self-signed")
_OTHER_SECRET = "another-secret"  # noqa: S105 -- being a wrong one is its whole purpose


def _certificate(breaking: Breaking) -> None:
    host, lab = breaking.host(), breaking.lab
    wanted = breaking.option("state", "expired")
    if wanted not in _STATES:
        raise LabProblem(f"{wanted!r} is no state of a certificate", checked=[", ".join(_STATES)])
    users = [d for d in lab.site.on(host.name) if any(e.transport == "tls" for e in d.endpoints)]
    if not users:
        raise LabProblem(f"no daemon of {host.name} serves TLS")
    for daemon in users:
        breaking.later("daemon", host=host.name, daemon=daemon.name)
    for path in (CERTIFICATE, KEY):
        old = host.path(path).read_text(encoding="utf-8")
        breaking.later("write", host=host.name, path=path, text=old, mode=0o644)
    name = f"fault{breaking.number}"
    names, addresses = lab.site.certified(host.name)
    if wanted == "wrong-name":
        names, addresses = ["elsewhere.invalid"], []
    days = {"expired": "30", "expires-soon": "3"}.get(wanted, "365")
    when = {"expired": "-60d", "not-yet-valid": "+30d"}.get(wanted)
    alone = wanted == "self-signed"
    command = keys.certificate_command(name, names, addresses, days=days, self_signed=alone)
    # openssl of Debian 12 cannot be told when a certificate of `req` is to begin.
    lab.tool(["faketime", "-f", when, *command] if when else command)
    host.write(CERTIFICATE, keys.taken_from(lab.tools, f"{name}.pem"))
    host.write(KEY, keys.taken_from(lab.tools, f"{name}.key"))
    for daemon in users:
        control.restart(daemon, lab.site, host)
        control.await_listening(daemon, host, lab.folder.log(host.name, daemon.name))


def _wrong_radius_secret(breaking: Breaking) -> None:
    host, lab = breaking.host(), breaking.lab
    daemon = daemon_of(lab, host.name, "radius")
    peers = [name for name in breaking.option("peers").split(",") if name]
    for peer in peers:
        lab.host(peer)
    breaking.later("daemon", host=host.name, daemon=daemon.name)
    control.stop(daemon.name, host)
    control.write_files(daemon, lab.site, host)
    others = [client(name, lab.site.topology.host(name).private, _OTHER_SECRET) for name in peers]
    for path, text in clients_file(daemon, lab.site, others).items():
        changed = text if peers else text.replace(lab.site.secrets.radius, _OTHER_SECRET)
        host.write(path, changed)
    control.launch(daemon, lab.site, host)
    control.await_listening(daemon, host, lab.folder.log(host.name, daemon.name))


FAULTS = (
    Fault("certificate", ("HOST",), "its TLS ports serve a bad certificate (expired)",
          _certificate, (f"state={' or '.join(_STATES)}",)),
    Fault("wrong-radius-secret", ("HOST",), "RADIUS expects another secret (from all peers)",
          _wrong_radius_secret, ("peers=HOST,HOST",)),
)  # fmt: skip
