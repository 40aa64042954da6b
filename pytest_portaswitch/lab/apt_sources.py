"""The machine's own Debian package sources, without any third party's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pytest_portaswitch.lab.problem import LabProblem

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_COMPONENTS = {"main", "contrib", "non-free", "non-free-firmware"}


@dataclass(frozen=True)
class Source:
    """One place that Debian packages come from."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""

    def is_debian(self) -> bool:
        """Whether this is Debian itself or a mirror of it.

        Debian's key says so. A plain old sources.list names no key; there, Debian's components
        on a path that ends as Debian's does, which no third party's has.
        """
        if self.signed_by:
            return Path(self.signed_by).name.startswith("debian-archive-")
        path = urlsplit(self.uri).path.rstrip("/")
        mirrored = path.endswith(("/debian", "/debian-security"))
        return mirrored and set(self.components) <= _COMPONENTS

    def line(self) -> str:
        """In the one-line style of sources.list, main only."""
        return f"deb [signed-by={self.signed_by or KEYRING}] {self.uri} {self.suite} main"


def debian_sources(etc: Path = Path("/etc/apt")) -> tuple[Source, ...]:
    """Every Debian source that the machine is set up with; LabProblem when there is none."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    found: dict[str, Source] = {}
    for file in files:
        if not file.is_file() or file.suffix not in {".list", ".sources"}:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        parse = _deb822 if file.suffix == ".sources" else _one_line
        for source in parse(text):
            if source.is_debian() and "main" in source.components:
                found.setdefault(source.line(), source)
    if not found:
        raise LabProblem(
            "the lab's tree cannot be built",
            cause="this machine has no package source of Debian's own",
            checked=[str(file) for file in files],
            fix=[
                "run on Debian 12 or newer with its usual sources",
                "add an entry signed by debian-archive-keyring",
            ],
        )
    return tuple(found.values())


def codename(os_release: Path = Path("/etc/os-release")) -> str:
    """The machine's Debian release, such as ``bookworm``; LabProblem when it is no Debian."""
    lines = os_release.read_text(encoding="utf-8").splitlines()
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    if fields.get("ID", "").strip('"') != "debian":
        raise LabProblem(
            "the lab's tree cannot be built",
            cause=f"this machine is {fields.get('PRETTY_NAME', 'no Debian')}",
            checked=[str(os_release)],
            fix=["run the lab on Debian 12 or newer"],
        )
    return fields["VERSION_CODENAME"].strip('"')


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words or words[0] != "deb":
            continue
        rest = words[1:]
        signed_by = ""
        if rest and rest[0].startswith("["):
            end = next((i for i, word in enumerate(rest) if word.endswith("]")), len(rest) - 1)
            options = " ".join(rest[: end + 1]).strip("[] ").split()
            signed_by = next((o[10:] for o in options if o.startswith("signed-by=")), "")
            rest = rest[end + 1 :]
        if len(rest) >= 3:
            yield Source(rest[0], rest[1], tuple(rest[2:]), signed_by)


def _deb822(text: str) -> Iterator[Source]:
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if line[0].isspace():
                fields[key] = f"{fields.get(key, '')} {line.strip()}"
                continue
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                components = tuple(fields.get("components", "").split())
                yield Source(uri, suite, components, fields.get("signed-by", ""))
