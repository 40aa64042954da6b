"""Kamailio, which plays each of the SIP daemons: it answers OPTIONS and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.ask import (
    complaint,
    over_tcp,
    over_udp,
    reachable_address,
    sip_options,
)
from pytest_portaswitch.lab.daemons.kind import CERTIFICATE, KEY, Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_ROUTE = """
request_route {
    if (is_method("OPTIONS")) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("ACK")) {
        exit;
    }
    sl_send_reply("503", "No calls in a lab");
}
"""


def _settings(daemon: Daemon) -> Iterator[str]:
    yield "log_stderror=yes"
    yield "children=1"
    yield "tcp_children=1"
    yield "auto_aliases=no"
    yield "dns=no"
    yield "rev_dns=no"
    yield "use_dns_cache=no"
    yield f'server_header="Server: {daemon.service.process}"'
    secure = any(endpoint.transport == "tls" for endpoint in daemon.endpoints)
    if not any(endpoint.socket == "tcp" for endpoint in daemon.endpoints):
        yield "disable_tcp=yes"
    if secure:
        yield "enable_tls=yes"
    for endpoint in daemon.endpoints:
        for address in endpoint.addresses:
            yield f"listen={endpoint.transport}:{address}:{endpoint.port}"
    for module in ("sl", "textops", *(["tls"] if secure else [])):
        yield f'loadmodule "{module}.so"'
    if secure:
        yield f'modparam("tls", "config", "{folder(daemon)}/tls.cfg")'


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    tls = "\n".join(
        [
            "[server:default]",
            "method = TLSv1.2+",
            "verify_certificate = no",
            "require_certificate = no",
            f"private_key = {KEY}",
            f"certificate = {CERTIFICATE}",
            "",
        ]
    )
    config = "\n".join(["#!KAMAILIO", *_settings(daemon), _ROUTE])
    return {f"{folder(daemon)}/kamailio.cfg": config, f"{folder(daemon)}/tls.cfg": tls}


def _command(daemon: Daemon, site: Site) -> list[str]:
    user = daemon.service.user
    return [
        f"{PROGRAMS}/{daemon.service.process}", "-DD", "-E", "-f", f"{folder(daemon)}/kamailio.cfg",
        "-m", "32", "-M", "4", "-u", user, "-g", user, "-Y", "/run/lab",
    ]  # fmt: skip


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    return options_unready(daemon, host, b"SIP/2.0 200")


def options_unready(daemon: Daemon, host: Host, expected: bytes) -> str:
    """Where OPTIONS is not answered as expected, or an empty string."""
    for endpoint in daemon.endpoints:
        address = reachable_address(endpoint, host)
        request = sip_options(endpoint.transport, address, endpoint.port)
        if endpoint.transport == "tls":
            continue
        if endpoint.transport == "udp":
            answer = over_udp(host, address, endpoint.port, request)
        else:
            answer = over_tcp(host, endpoint, request)
        if wrong := complaint(f"OPTIONS on {endpoint}", expected, answer):
            return wrong
    return ""


KAMAILIO = Kind(files=_files, command=_command, unready=_unready)
