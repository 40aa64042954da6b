"""Making what is sent to a host: the program in its parts, and what is asked of it."""

from __future__ import annotations

import base64
import functools
import ipaddress
import json
import re
import zlib
from importlib import resources

import msgspec

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.observe.request import Limits, Request

_PROGRAM = "pytest_portaswitch.observe.remote.program"
_PARTS = (
    "pytest_portaswitch.facts.bare",
    "pytest_portaswitch.facts.commands",
    "pytest_portaswitch.facts.proc_net",
    f"{_PROGRAM}.notes",
    f"{_PROGRAM}.controller",
    f"{_PROGRAM}.netlink",
    f"{_PROGRAM}.links",
    f"{_PROGRAM}.gateways",
    f"{_PROGRAM}.sockets",
    f"{_PROGRAM}.queues",
    f"{_PROGRAM}.processes",
    f"{_PROGRAM}.matching",
    f"{_PROGRAM}.snapshot",
    f"{_PROGRAM}.host",
    f"{_PROGRAM}.release",
    f"{_PROGRAM}.disks",
    f"{_PROGRAM}.hints",
    f"{_PROGRAM}.flight",
    f"{_PROGRAM}.handshake",
    f"{_PROGRAM}.exchange",
    f"{_PROGRAM}.stream",
    f"{_PROGRAM}.datagram",
    f"{_PROGRAM}.probes",
    f"{_PROGRAM}.relay",
    f"{_PROGRAM}.second",
    f"{_PROGRAM}.main",
)
_PACKAGES = (
    "pytest_portaswitch",
    "pytest_portaswitch.facts",
    "pytest_portaswitch.observe",
    "pytest_portaswitch.observe.remote",
    _PROGRAM,
)

# The parts are found without files, and compiled when something first imports them: a host that
# is asked little needs few.
_START = f"""\
class Parts:
    sources = dict(zip(parts[1:-1:2], parts[2:-1:2]))
    def find_spec(self, name, path=None, target=None):
        if name in self.sources:
            return type(sys.__spec__)(name, self, is_package=not self.sources[name])
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        name = module.__name__
        place = "<%s>" % name.rpartition(".")[2]
        exec(compile(self.sources[name], place, "exec"), module.__dict__)
sys.meta_path.insert(0, Parts())
from pytest_portaswitch.facts.bare import decoded
from {_PROGRAM}.main import run
asked = decoded(parts[-1])
run(asked["request"], asked["deadline"], nonce, sys.argv[2])
sys.stdout.flush()
os._exit(0)
"""
_MARGIN = 1.0


def payload(
    request: Request,
    limits: Limits,
    nonce: str,
    python: bool,
    remaining: float | None = None,
) -> bytes:
    """Return what to write to standard input after ``ready``; it may stay open afterwards.

    ``remaining``: seconds that the controller still gives this trip (the whole
    ``limits.host_timeout`` by default). The program ends itself a second before that.
    """
    left = limits.host_timeout if remaining is None else remaining
    deadline = max(1.0, left - _MARGIN)
    body = _for_python(request, deadline) if python else _for_shell(request, deadline)
    return f"PORTASWITCH {nonce} payload {len(body)}\n".encode() + body


def _for_python(request: Request, deadline: float) -> bytes:
    # Each probe once, however often it is asked for.
    once = {probe.key: probe for probe in request.probes}
    request = msgspec.structs.replace(request, probes=tuple(once.values()))
    asked = json.dumps({"request": msgspec.to_builtins(request), "deadline": deadline})
    # The constant part is compressed once, and each host's request is added to a copy.
    packed, stream = _constant()
    stream = stream.copy()
    body = packed + stream.compress(asked.encode("ascii")) + stream.flush()
    return base64.b64encode(body)


@functools.cache
def _constant() -> tuple[bytes, zlib._Compress]:
    """What is sent to every host, each piece with a NUL behind it, and what goes on from there."""
    stream = zlib.compressobj(6)  # a third of the time of 9, for half a percent more
    pieces = [_START, *(piece for part in parts() for piece in part)]
    return stream.compress("".join(f"{piece}\0" for piece in pieces).encode("ascii")), stream


@functools.cache
def parts() -> tuple[tuple[str, str], ...]:
    """Return the modules of the remote program, name and source, packages first."""
    packages = tuple((name, "") for name in _PACKAGES)
    return packages + tuple((name, source(name)) for name in _PARTS)


def source(module: str) -> str:
    """Return the source text of one part, from a clone, a wheel or a zip file."""
    package, _, name = module.rpartition(".")
    return (resources.files(package) / f"{name}.py").read_text("utf-8")


def _for_shell(request: Request, deadline: float) -> bytes:
    """The same for bash: what is asked as variables, then the script.

    Only addresses that are addresses, numbers and fixed words are put there.
    """
    once = {probe.key: probe for probe in request.probes if _is_address(probe.address)}
    words = {key: _words(probe, request) for key, probe in once.items()}
    # What waits for another follows it, on the same line.
    lines = {key: words[key] for key, probe in once.items() if probe.unless not in once}
    for key, probe in once.items():
        if key not in lines:
            lines[probe.unless] += f" {words[key]}"
    probes = list(lines.values())
    routes = filter(_is_address, request.routes_to)
    wanted = [one for one in request.connections_to if _is_address(one)]
    programs = filter(_is_plain_path, request.programs)
    script = (resources.files(__package__) / "fallback.sh").read_text("ascii")
    asked = (
        f"deadline={int(deadline)}\n"
        f"patience={max(1, round(request.probe_timeout))}\n"
        f"probes=({' '.join(repr(probe) for probe in probes)})\n"
        f"routes=({' '.join(routes)})\n"
        f"wanted=({' '.join(wanted)})\n"
        f"known=' {' '.join(form for one in wanted for form in _in_proc_net(one))} '\n"
        f"programs=({' '.join(programs)})\n"
    )
    return (asked + script).encode("ascii")


def _in_proc_net(address: str) -> list[str]:
    """The forms that an address has in ``/proc/net`` of a little-endian machine."""
    raw = ipaddress.ip_address(address).packed
    forms = [raw] if len(raw) == 16 else [raw, bytes(10) + b"\xff\xff" + raw]
    return [
        b"".join(form[at : at + 4][::-1] for at in range(0, len(form), 4)).hex().upper()
        for form in forms
    ]


def _words(probe: Probe, request: Request) -> str:
    scripted = "script" if request.scripts.get(probe.key) else "plain"
    kind = "mysql" if probe.protocol == "mysql" else scripted
    return f"{probe.transport} {probe.address} {probe.port} {kind}"


def _is_plain_path(words: str) -> bool:
    return re.fullmatch(r"(/[A-Za-z0-9._+-]+)+", words) is not None


def _is_address(words: str) -> bool:
    try:
        return "%" not in words and bool(ipaddress.ip_address(words))
    except ValueError:
        return False
