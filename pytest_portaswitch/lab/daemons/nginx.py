"""nginx: a web server, or the proxy in front of an IMAP server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_portaswitch.lab.daemons.ask import complaint, over_tcp
from pytest_portaswitch.lab.daemons.kind import CERTIFICATE, KEY, Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _is_mail(daemon: Daemon) -> bool:
    return daemon.service.subcomponent == "mail-proxy"


def _servers(daemon: Daemon, about: str) -> Iterator[str]:
    for endpoint in daemon.endpoints:
        secure = " ssl" if endpoint.transport == "tls" else ""
        for address in endpoint.addresses:
            yield f"server {{ listen {address}:{endpoint.port}{secure}; {about} }}"


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    pages = f"{folder(daemon)}/pages"
    certificate = f"ssl_certificate {CERTIFICATE}; ssl_certificate_key {KEY};"
    inside = (
        # Nobody has a mailbox here, so that whom it would ask of one need not be there.
        ["mail {", f"server_name {daemon.host}.lab; auth_http 127.0.0.1:9/; {certificate}",
         *_servers(daemon, "protocol imap;"), "}"]
        if _is_mail(daemon)
        else ["http {", "access_log off;", *_servers(daemon, f"root {pages};"), "}"]
    )  # fmt: skip
    module = ["load_module /usr/lib/nginx/modules/ngx_mail_module.so;"] if _is_mail(daemon) else []
    config = [
        *module,
        "daemon off;",
        "worker_processes 1;",
        "user www-data;",
        f"pid /run/lab/{daemon.name}.nginx;",
        "error_log stderr;",
        "events { worker_connections 128; }",
        *inside,
        "",
    ]
    return {
        f"{folder(daemon)}/nginx.conf": "\n".join(config),
        f"{pages}/index.html": "<!DOCTYPE html><title>ready</title>ready\n",
    }


def _command(daemon: Daemon, site: Site) -> list[str]:
    return ["/usr/sbin/nginx", "-c", f"{folder(daemon)}/nginx.conf"]


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    place = daemon.endpoints[0]
    if _is_mail(daemon):
        return complaint("a connection", b"* OK", over_tcp(host, place))
    return complaint("GET /", b"HTTP/1.1 200", over_tcp(host, place, b"GET / HTTP/1.0\r\n\r\n"))


NGINX = Kind(files=_files, command=_command, unready=_unready, more=True)
