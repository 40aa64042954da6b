"""The Debian trees that all lab hosts are overlays of, built once into a cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_portaswitch.lab.apt_sources import codename, debian_sources
from pytest_portaswitch.lab.problem import LabProblem

PACKAGES = (
    "apache2",
    "dovecot-imapd",
    "faketime",
    "freediameter-extensions",
    "freediameterd",
    "freeradius",
    "freeradius-utils",
    "iproute2",
    "iputils-ping",
    "kamailio",
    "kamailio-tls-modules",
    "libapache2-mod-fcgid",
    "libdbd-mariadb-perl",
    "libfcgi-perl",
    "mariadb-server",
    "netbase",
    "netcat-openbsd",
    "nftables",
    "openssh-server",
    "openssl",
    "perl",
    "procps",
    "python3",
    "python3-aiosmtpd",
    "python3-pymysql",
    "rpm",
    "rtpengine-daemon",
    "sudo",
    "tftpd-hpa",
)
MORE_PACKAGES = (
    "cyrus-imapd",
    "dnsmasq-base",
    "ejabberd",
    "erlang-p1-sip",
    "haproxy",
    "libnet-sip-perl",
    "libnginx-mod-mail",
    "lighttpd",
    "nginx-light",
    "postfix",
    "radsecproxy",
)
"""Of daemons that only some topologies have, in a layer of their own. It lacks Dovecot: Debian has
no two IMAP servers beside each other."""
_CUSTOMIZE = Path(__file__).with_name("rootfs_customize.sh")
_LAYER = Path(__file__).with_name("rootfs_layer.sh")
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_BUILDER = "1"  # to be raised when the way of building changes, so that old trees are not used

Say = Callable[[str], None]


def cached_tree() -> Path:
    """Where the tree for this machine is, or will be."""
    return _cached("rootfs", _BUILDER, codename(), *PACKAGES, _CUSTOMIZE.read_text("utf-8"))


def _cached(name: str, *made_of: str) -> Path:
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pytest-portaswitch" / f"{name}-{digest}"


def ensure_trees(say: Say, *, more: bool = False) -> tuple[Path, ...]:
    """The tree, and over it, where asked, that of more packages; LabProblem as ``ensure_tree``."""
    tree = ensure_tree(say)
    if not more:
        return (tree,)
    layer = _cached("layer", tree.name, *MORE_PACKAGES, _LAYER.read_text("utf-8"))

    def command(folder: Path) -> list[str]:
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return [*alone, "/bin/sh", str(_LAYER), str(tree), str(folder), *MORE_PACKAGES]

    return (_ensure(layer, command, say, "half a minute"), tree)


def ensure_tree(say: Say) -> Path:
    """The tree, built first when the cache lacks it; LabProblem when it cannot be built."""
    tree = cached_tree()
    if tree.is_dir():
        return tree
    if shutil.which("mmdebstrap") is None:
        raise LabProblem(
            "the lab's tree cannot be built",
            cause="there is no mmdebstrap on this machine",
            checked=[f"no tree is cached at {tree}"],
            fix=["apt-get install mmdebstrap", "copy a tree that was built elsewhere to that path"],
        )

    def command(folder: Path) -> list[str]:
        return [
            "mmdebstrap",
            "--mode=root",
            "--variant=apt",
            f"--include={','.join(PACKAGES)}",
            "--dpkgopt=force-unsafe-io",
            *(f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT),
            f'--customize-hook=/bin/sh {shlex.quote(str(_CUSTOMIZE))} "$@"',
            codename(),
            str(folder / "tree"),
            *(source.line() for source in debian_sources()),
        ]

    return _ensure(tree, command, say, "a minute or two")


def _ensure(tree: Path, command: Callable[[Path], list[str]], say: Say, takes: str) -> Path:
    if tree.is_dir():
        return tree
    tree.parent.mkdir(parents=True, exist_ok=True)
    with _only_builder(tree, say):
        if not tree.is_dir():
            say(f"building the tree of the lab's hosts in {tree} (once, {takes})")
            _build(tree, command, say)
    return tree


@contextmanager
def _only_builder(tree: Path, say: Say) -> Iterator[None]:
    with (tree.parent / f"{tree.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: someone else is building {tree}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(tree: Path, command: Callable[[Path], list[str]], say: Say) -> None:
    """Build a tree by a command that makes FOLDER/tree of the folder that it is given."""
    building = Path(tempfile.mkdtemp(prefix=f"{tree.name}.", dir=tree.parent))
    log = tree.parent / f"{tree.name}.log"
    try:
        with (
            log.open("w", encoding="utf-8") as output,
            subprocess.Popen(
                command(building),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                output.write(line)
                # mmdebstrap marks its own steps with "I: "; the rest is dpkg's.
                if line.startswith("I: "):
                    say(f"  {line[3:].strip()}")
        if process.returncode != 0:
            raise LabProblem(
                "the lab's tree could not be built",
                cause=_last_errors(log),
                checked=[f"the whole output is in {log}"],
                fix=["run `apt-get update` and see that it works", "free disk space (1.5 GB)"],
            )
        (building / "tree").chmod(0o755)
        (building / "tree").rename(tree)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _last_errors(log: Path) -> str:
    lines = log.read_text(encoding="utf-8").splitlines()
    errors = [line for line in lines if line.startswith(("E:", "dpkg: error"))]
    return "; ".join((errors or lines)[-3:])
