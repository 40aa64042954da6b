"""The options of an audit, on the command line and in pytest's ini file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_portaswitch.cluster.model import LeastGrade
from pytest_portaswitch.cluster.settings import GRADES
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.report.layout import DEFAULT, MOST, Keep
from pytest_portaswitch.source.problem import closest
from pytest_portaswitch.text import show

DEFAULTS = Limits()
"""Of the trips to hosts."""

_WORKER_TIMEOUT = 600.0
"""Seconds. No check takes one; a site's own tests may take as long as they please."""


def add_options(parser: pytest.Parser) -> None:
    """Register the group ``portaswitch`` with an ini equivalent for each option."""
    group = parser.getgroup("portaswitch", "PortaSwitch audit")
    group.addoption(
        "--cluster",
        action="append",
        default=[],
        metavar="FILE",
        help="cluster file to audit; give it once for each cluster (ini: portaswitch_clusters)",
    )
    group.addoption(
        "--tables",
        action="append",
        default=[],
        metavar="FILE",
        help="a site's own rows beside the vendor's tables; may be repeated "
        "(ini: portaswitch_tables)",
    )
    group.addoption(
        "--ca-bundle",
        metavar="FILE",
        help="authorities that must be behind the certificates of TLS ports, in place of those "
        "that the cluster files name (ini: portaswitch_ca_bundle)",
    )
    group.addoption(
        "--grade",
        metavar="GRADE",
        help="be content with less proof than the rows demand: connected, or delivered for UDP "
        "too; every report says so (default: what each row demands; ini: portaswitch_grade)",
    )
    group.addoption(
        "--baseline",
        action="append",
        default=[],
        metavar="FILE",
        help="evidence of an earlier audit: show what is different, and fail only on what is new; "
        "give it once for each cluster (ini: portaswitch_baselines)",
    )
    group.addoption(
        "--audit-dir",
        metavar="DIR",
        help="where DIR/CLUSTER/evidence.json and audit.html go (default: reports; "
        "ini: portaswitch_audit_dir)",
    )
    group.addoption(
        "--audit-history",
        metavar="KEEP",
        help="how many earlier audits of each cluster stay in DIR/_history, such as 30, or for how "
        f"long, such as 90d; so many whole ones, and so many others (default: {DEFAULT.number}; "
        "ini: portaswitch_history)",
    )
    group.addoption(
        "--sign",
        metavar="KEY",
        help="sign the sums of each cluster's files with this SSH key, or with the agent's key of "
        "this public one (ini: portaswitch_sign)",
    )
    group.addoption(
        "--audit-parallel",
        metavar="N",
        help=f"hosts looked at side by side (default: {DEFAULTS.parallel}; "
        "ini: portaswitch_parallel)",
    )
    group.addoption(
        "--connect-timeout",
        metavar="SECONDS",
        help=f"to connect to a host (default: {DEFAULTS.connect_timeout:g}; "
        "ini: portaswitch_connect_timeout)",
    )
    group.addoption(
        "--host-timeout",
        metavar="SECONDS",
        help="for the whole trip to a host, login and probes included "
        f"(default: {DEFAULTS.host_timeout:g}; ini: portaswitch_host_timeout)",
    )
    group.addoption(
        "--probe-timeout",
        metavar="SECONDS",
        help="for each connect and each reply of a probe "
        f"(default: {DEFAULTS.probe_timeout:g}; ini: portaswitch_probe_timeout)",
    )
    group.addoption(
        "--worker-timeout",
        metavar="SECONDS",
        help="end a worker of xdist that sends nothing for so long, as in a test that hangs "
        f"(default: {_WORKER_TIMEOUT:g}; ini: portaswitch_worker_timeout)",
    )
    parser.addini("portaswitch_clusters", "cluster files to audit", type="paths", default=[])
    parser.addini("portaswitch_tables", "a site's own table files", type="paths", default=[])
    parser.addini("portaswitch_ca_bundle", "authorities of TLS ports", type="paths", default=[])
    parser.addini("portaswitch_grade", "how little proof suffices", default="")
    parser.addini("portaswitch_baselines", "evidence to compare with", type="paths", default=[])
    parser.addini("portaswitch_audit_dir", "where the evidence goes", default="reports")
    parser.addini("portaswitch_history", "how many earlier audits are kept", default="")
    parser.addini("portaswitch_sign", "SSH key that signs the evidence", default="")
    parser.addini("portaswitch_parallel", "hosts looked at side by side", default="")
    parser.addini("portaswitch_connect_timeout", "seconds to connect to a host", default="")
    parser.addini("portaswitch_host_timeout", "seconds for the whole trip to a host", default="")
    parser.addini("portaswitch_probe_timeout", "seconds for each step of a probe", default="")
    parser.addini("portaswitch_worker_timeout", "seconds of a worker of xdist", default="")


class Settings(msgspec.Struct, frozen=True):
    """The options of this run, read and found good."""

    clusters: tuple[Path, ...]
    tables: tuple[Path, ...]
    ca_bundle: Path | None
    grade: LeastGrade
    """In place of those that the cluster files name; empty: theirs."""
    baselines: tuple[Path, ...]
    """Evidence of earlier audits, or the folders of their packs."""
    audit_dir: Path
    keep: Keep
    """Which earlier audits stay."""
    sign: Path | None
    """The SSH key that signs what is written."""
    limits: Limits
    worker_timeout: float
    """Seconds for which a worker of xdist may send nothing."""


def judges_nothing(config: pytest.Config) -> bool:
    """Whether pytest was asked to list or to plan tests: none is run, so no host is contacted."""
    return any(config.getoption(name, False) for name in _RUN_NOTHING)


_RUN_NOTHING = (
    "collectonly",
    "setupplan",
    "setuponly",
    "showfixtures",
    "show_fixtures_per_test",
    "cacheshow",
)


def settings_of(config: pytest.Config) -> Settings:
    """Read the options, the command line first. Raises pytest.UsageError naming every mistake."""
    here = config.invocation_params.dir
    mistakes: list[str] = []
    limits = Limits(
        parallel=int(
            _number(config, "--audit-parallel", "portaswitch_parallel", mistakes, whole=True)
        ),
        connect_timeout=_number(
            config, "--connect-timeout", "portaswitch_connect_timeout", mistakes
        ),
        host_timeout=_number(config, "--host-timeout", "portaswitch_host_timeout", mistakes),
        probe_timeout=_number(config, "--probe-timeout", "portaswitch_probe_timeout", mistakes),
    )
    worker_timeout = _number(config, "--worker-timeout", "portaswitch_worker_timeout", mistakes)
    grade = _grade(config, mistakes)
    keep = _keep(config, mistakes)
    sign = _key(config, here, mistakes)
    if mistakes:
        raise pytest.UsageError(show.lines(mistakes))
    audit_dir = config.getoption("--audit-dir")
    # Without an ini file pytest's root may be any folder above; a person means this one.
    beside_ini = config.inipath.parent if config.inipath else here
    return Settings(
        clusters=_paths(config, "--cluster", "portaswitch_clusters", here),
        tables=_paths(config, "--tables", "portaswitch_tables", here),
        ca_bundle=next(iter(_paths(config, "--ca-bundle", "portaswitch_ca_bundle", here)), None),
        grade=grade,
        baselines=_paths(config, "--baseline", "portaswitch_baselines", here),
        audit_dir=here / audit_dir
        if audit_dir
        else beside_ini / config.getini("portaswitch_audit_dir"),
        keep=keep,
        sign=sign,
        limits=limits,
        worker_timeout=worker_timeout,
    )


def _grade(config: pytest.Config, mistakes: list[str]) -> LeastGrade:
    given = config.getoption("--grade")
    name, text = ("--grade", given) if given else ("portaswitch_grade", "")
    text = text or config.getini("portaswitch_grade")
    for known in GRADES:
        if text == known:
            return known
    if text:
        mistakes.append(f"{name}: {text!r}: is not a grade; {closest(text, GRADES)}")
    return ""


def _keep(config: pytest.Config, mistakes: list[str]) -> Keep:
    given = config.getoption("--audit-history")
    name, text = ("--audit-history", given) if given else ("portaswitch_history", "")
    text = text or config.getini("portaswitch_history")
    if not text:
        return DEFAULT
    match = re.fullmatch(r"([0-9]{1,5})(d?)", text, re.ASCII)
    number, most = (int(match[1]), 36500 if match[2] else MOST) if match else (-1, 0)
    if match and 0 <= number <= most:
        return Keep(days=number) if match[2] else Keep(number=number)
    mistakes.append(
        f"{name}: {text!r}: must be a number of audits from 0 to {MOST}, or of days, such as 90d"
    )
    return DEFAULT


def _key(config: pytest.Config, here: Path, mistakes: list[str]) -> Path | None:
    """The key of ``--sign``, tried out: an audit that cannot be signed is told before it runs."""
    given = config.getoption("--sign") or config.getini("portaswitch_sign")
    if not given or judges_nothing(config):
        return None
    from pytest_portaswitch.pack.signature import SigningFailed, sign

    path = here / Path(given).expanduser()
    try:
        sign(b"a trial\n", path)
    except SigningFailed as failed:
        mistakes.append(f"--sign: {failed}")
    return path


def _paths(config: pytest.Config, option: str, ini: str, here: Path) -> tuple[Path, ...]:
    given = config.getoption(option) or config.getini(ini)
    given = [given] if isinstance(given, str) else given
    return tuple(_shortest(here / path, here) for path in given)


def _shortest(path: Path, here: Path) -> Path:
    """Messages name a file as a person at this prompt would."""
    return path.relative_to(here) if here == Path.cwd() and path.is_relative_to(here) else path


_DEFAULT_OF = {
    "--audit-parallel": DEFAULTS.parallel,
    "--connect-timeout": DEFAULTS.connect_timeout,
    "--host-timeout": DEFAULTS.host_timeout,
    "--probe-timeout": DEFAULTS.probe_timeout,
    "--worker-timeout": _WORKER_TIMEOUT,
}


def _number(
    config: pytest.Config, option: str, ini: str, mistakes: list[str], *, whole: bool = False
) -> float:
    on_command_line: Any = config.getoption(option)
    name, text = (option, on_command_line) if on_command_line else (ini, config.getini(ini))
    if not text:
        return _DEFAULT_OF[option]
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = -1
    least, most = (1, 1000) if whole else (0.1, 3600)
    if not least <= number <= most:
        kind = "a whole number" if whole else "a number of seconds"
        mistakes.append(f"{name}: {text!r}: must be {kind} from {least} to {most}")
        return _DEFAULT_OF[option]
    return number
