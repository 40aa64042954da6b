"""Which package sources of a machine are Debian's."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_portaswitch.lab.apt_sources import KEYRING, codename, debian_sources
from pytest_portaswitch.lab.problem import LabProblem

DEB822 = """\
Types: deb deb-src
# a comment
URIs: http://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://deb.debian.org/debian
Suites: trixie-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://third.party.invalid/debian
Suites: trixie
Components: main
Signed-By: /etc/apt/keyrings/third-party.gpg
"""


def etc(tmp_path: Path, **files: str) -> Path:
    """An /etc/apt; names of files with double underscores for dots."""
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        file = name.replace("__", ".")
        folder = tmp_path if file == "sources.list" else tmp_path / "sources.list.d"
        (folder / file).write_text(text)
    return tmp_path


def lines(path: Path) -> list[str]:
    """The sources found, as lines."""
    return [source.line() for source in debian_sources(path)]


def test_deb822(tmp_path: Path) -> None:
    """Stanzas signed by Debian's key count; disabled ones and others' do not."""
    debian = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    assert lines(etc(tmp_path, debian__sources=DEB822)) == [
        f"{debian} http://deb.debian.org/debian trixie main",
        f"{debian} http://deb.debian.org/debian trixie-updates main",
    ]


def test_one_line_style(tmp_path: Path) -> None:
    """An old sources.list names no key: Debian is known by path and components."""
    text = (
        "# deb http://deb.debian.org/debian sid main\n"
        "deb http://mirror.site.invalid/debian/ bookworm main contrib # ours\n"
        "deb-src http://deb.debian.org/debian bookworm main\n"
        "deb [arch=amd64] http://security.debian.org/debian-security bookworm-security main\n"
        "deb https://third.party.invalid/linux/debian bookworm stable\n"
        "deb [signed-by=/etc/apt/keyrings/other.gpg] http://other.invalid/debian bookworm main\n"
    )
    assert lines(etc(tmp_path, sources__list=text)) == [
        f"deb [signed-by={KEYRING}] http://mirror.site.invalid/debian/ bookworm main",
        f"deb [signed-by={KEYRING}] http://security.debian.org/debian-security"
        " bookworm-security main",
    ]


def test_nothing_of_debian(tmp_path: Path) -> None:
    """Without any source of Debian's own, the message names the files that were read."""
    path = etc(tmp_path, other__list="deb https://other.invalid/apt stable main\n")
    with pytest.raises(LabProblem) as caught:
        debian_sources(path)
    assert str(caught.value).splitlines() == [
        "the lab's tree cannot be built",
        "  cause: this machine has no package source of Debian's own",
        f"  checked: {path}/sources.list",
        f"  checked: {path}/sources.list.d/other.list",
        "  to fix this, either",
        "    - run on Debian 12 or newer with its usual sources",
        "    - add an entry signed by debian-archive-keyring",
    ]


def test_codename(tmp_path: Path) -> None:
    """The release is read from os-release, quoted or not."""
    release = tmp_path / "os-release"
    release.write_text('ID=debian\nVERSION_CODENAME="trixie"\n')
    assert codename(release) == "trixie"


def test_codename_of_another_system(tmp_path: Path) -> None:
    """On anything but Debian the tree is not attempted."""
    release = tmp_path / "os-release"
    release.write_text('ID=fedora\nPRETTY_NAME="Fedora Linux 40"\n')
    with pytest.raises(LabProblem, match=r"this machine is .*Fedora Linux 40"):
        codename(release)
