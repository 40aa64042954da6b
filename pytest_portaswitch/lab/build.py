"""Brings a lab up, step by step."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from pytest_portaswitch.lab import (
    cluster_file,
    common_files,
    control,
    keys,
    network,
    rootfs,
    state,
    supervisor,
)
from pytest_portaswitch.lab.daemons import KINDS
from pytest_portaswitch.lab.daemons.kind import AUTHORITY, CERTIFICATE, DATABASE_PASSWORD, KEY
from pytest_portaswitch.lab.daemons.sshd import HOST_KEY
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.progress import Progress
from pytest_portaswitch.lab.site import Secrets, Site
from pytest_portaswitch.lab.state import Folder, Record
from pytest_portaswitch.lab.supervisor import Running
from pytest_portaswitch.lab.topology import HostSpec, Topology

OPERATOR_KEY = "id_ed25519"
_AT_ONCE = 6


def build(
    folder: Folder, topology: Topology, asked: tuple[str, int | None], show: Progress
) -> Record:
    """Build the lab and return its record; on any problem nothing of it is left but its logs."""
    _demand_root()
    site = Site.of(topology, Secrets.new())
    trees = rootfs.ensure_trees(show.say, more=any(KINDS[d.kind].more for d in site.daemons))
    _lay_out(folder, site)
    show.say(f"starting {len(topology.hosts)} hosts in namespaces of their own")
    sysctls = {host.name: list(_sysctls(site, host)) for host in topology.hosts}
    running = supervisor.start(folder, trees, {**sysctls})
    try:
        hosts = {name: Host(name, pid) for name, pid in running.hosts.items()}
        _furnish(folder, site, running, hosts)
        _start_daemons(folder, site, hosts, show)
        record = Record(
            topology=asked[0], processing_nodes=asked[1], tree=str(trees[-1]), started=time.time(),
            supervisor=running.supervisor, supervisor_started=running.supervisor_started,
            init=running.init, hosts=running.hosts, secrets=asdict(site.secrets),
        )  # fmt: skip
        folder.cluster_file.write_text(cluster_file.text(site, folder), encoding="utf-8")
        state.write(folder, record)
        running.keep()
    except BaseException:
        supervisor.end(running.supervisor, running.supervisor_started, [*running.hosts.values()])
        raise
    return record


def _demand_root() -> None:
    if os.geteuid() != 0:
        raise LabProblem(
            "a lab cannot be brought up",
            cause="it makes namespaces, mounts and interfaces, which takes root",
            checked=[f"user id {os.geteuid()}"],
            fix=["run the same command with sudo", "run it in a virtual machine or as root"],
        )


def _lay_out(folder: Folder, site: Site) -> None:
    shutil.rmtree(folder.path, ignore_errors=True)
    folder.path.mkdir(parents=True)
    folder.path.chmod(0o700)
    (folder.path / "hosts").mkdir()
    for host in site.topology.hosts:
        (folder.path / "logs" / host.name).mkdir(parents=True)
    common_files.write(folder.path / "site", site)


def _sysctls(site: Site, host: HostSpec) -> Iterator[str]:
    # An interface would be "tentative" for seconds after it came up, and not as it was before.
    yield "net.ipv6.conf.default.accept_dad=0"
    if any(site.virtual_ips_of(host.name)):
        # The standby's daemons bind the virtual IP before they have it.
        yield "net.ipv4.ip_nonlocal_bind=1"
    for daemon in site.on(host.name):
        if daemon.service.port_range:
            first, last = daemon.service.port_range
            yield f"net.ipv4.ip_local_reserved_ports={first}-{last}"


def _furnish(folder: Folder, site: Site, running: Running, hosts: dict[str, Host]) -> None:
    """Networks, keys, certificates and logins."""
    topology = site.topology

    def tool(command: Sequence[str], text: str = "") -> str:
        return supervisor.tool(running.init, folder, command, text)

    tool(["ip", "-batch", "-"], _lines(network.operator_commands(topology, running.hosts)))
    tools = supervisor.tools_root(running.init, folder)
    certified = {host.name: site.certified(host.name) for host in topology.hosts}
    keys.make_all(tool, [OPERATOR_KEY, *hosts], certified)
    login_key = keys.taken_from(tools, f"{OPERATOR_KEY}.pub")
    hashed = keys.password_hash(tool, site.secrets.sudo)
    authority = keys.taken_from(tools, "ca.pem")

    def furnish_host(spec: HostSpec) -> None:
        host = hosts[spec.name]
        host.run(["ip", "-batch", "-"], text=_lines(network.host_commands(spec, topology)))
        host.write("/etc/hostname", f"{spec.name}\n")
        host.write("/etc/ssh/lab_authorized_keys", login_key)
        host.write(HOST_KEY, keys.taken_from(tools, spec.name), 0o600)
        original = host.path("/etc/shadow").read_text(encoding="utf-8")
        host.write("/etc/shadow", common_files.shadow(original, hashed), 0o600)
        # Daemons of many users read them, and nothing here is worth stealing.
        host.write(CERTIFICATE, keys.taken_from(tools, f"{spec.name}.pem"))
        host.write(KEY, keys.taken_from(tools, f"{spec.name}.key"))
        host.write(AUTHORITY, authority)
        host.write(DATABASE_PASSWORD, site.secrets.database)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(furnish_host, topology.hosts))
    _operator_files(folder, site, tools)


def _lines(commands: Iterable[str]) -> str:
    return "".join(f"{command}\n" for command in commands)


def _operator_files(folder: Folder, site: Site, tools: Path) -> None:
    path = folder.path
    secrets = {
        OPERATOR_KEY: keys.taken_from(tools, OPERATOR_KEY),
        "radius_secret": site.secrets.radius,
        "sudo_password": site.secrets.sudo,
        "database_password": site.secrets.audit,
    }
    for name, text in secrets.items():
        (path / name).touch(mode=0o600)
        (path / name).write_text(text, encoding="utf-8")
    (path / "ca.pem").write_text(keys.taken_from(tools, "ca.pem"), encoding="utf-8")
    known, config = [], []
    for host in site.topology.hosts:
        public = keys.taken_from(tools, f"{host.name}.pub").rsplit(" ", 1)[0]
        known.append(f"{host.name},{host.private} {public}")
        config += [f"Host {host.name} {host.private}", f"    HostName {host.private}",
                   f"    HostKeyAlias {host.name}"]  # fmt: skip
    config += [
        "Host *",
        "    User audit",
        f'    IdentityFile "{path / OPERATOR_KEY}"',
        "    IdentitiesOnly yes",
        "    IdentityAgent none",
        f'    UserKnownHostsFile "{path / "known_hosts"}"',
        "    GlobalKnownHostsFile /dev/null",
        "    StrictHostKeyChecking yes",
        "    BatchMode yes",
        "    CheckHostIP no",
        "",
    ]
    (path / "known_hosts").write_text("\n".join([*known, ""]), encoding="utf-8")
    (path / "ssh_config").write_text("\n".join(config), encoding="utf-8")


def _start_daemons(folder: Folder, site: Site, hosts: dict[str, Host], show: Progress) -> None:
    # The databases take longest and others wait for them.
    order = sorted(site.daemons, key=lambda daemon: daemon.kind != "mariadb")

    def start(daemon: Daemon) -> None:
        host = hosts[daemon.host]
        control.configure(daemon, site, host)
        control.launch(daemon, site, host)

    def finish(daemon: Daemon) -> None:
        host = hosts[daemon.host]
        log = folder.log(daemon.host, daemon.name)
        control.await_listening(daemon, host, log)
        KINDS[daemon.kind].set_up(daemon, site, host)
        control.await_ready(daemon, site, host, log)

    show.say(f"starting {len(order)} daemons")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(start, order))
        # Whoever waits holds a thread: those that others wait for come first here, too.
        finishing = {pool.submit(finish, daemon): daemon for daemon in order}
        try:
            for done, job in enumerate(as_completed(finishing), 1):
                job.result()
                show.count(done, len(order), str(finishing[job]))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
