"""What a database server told of itself to a login that only reads. Of a host, so hostile."""

from __future__ import annotations

from typing import Literal

import msgspec

Trouble = Literal[
    "",
    "not-asked",
    "no-answer",
    "cut-short",
    "not-this-protocol",
    "unreadable",
    "refused",
    "unfit-plugin",
    "algorithm-refused",
    "internal-error",
]
"""``""``: it let us in.
``not-asked``: the host that was to ask it could not; see the words.
``no-answer``, ``cut-short``: silence, or an end in the middle.
``not-this-protocol``, ``unreadable``: not what such a server says.
``refused``: it refused the login, in its own words.
``unfit-plugin``: it takes no proof that can be given without the password itself.
``algorithm-refused``: the auditing machine refuses an algorithm that the proof needs.
``internal-error``: a fault of this program; the host's ``internal_errors`` have it."""


class Replication(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of changes that the server follows."""

    channel: str = ""
    source: str = ""
    """Where from, such as ``10.0.0.3:3306``."""
    receives: str = ""
    """Whether it takes changes from there (the IO thread): ``Yes``, ``No`` or ``Connecting``."""
    applies: str = ""
    """Whether it carries them out (the SQL thread): ``Yes`` or ``No``."""
    lag: int | None = None
    """Seconds behind the source. None: the server does not know."""
    delay: int = 0
    """Seconds that it stays behind on purpose."""
    error: str = ""
    """What stopped it, in the server's words."""


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One server, asked with SELECT and SHOW only."""

    key: str
    """Such as ``mysql:10.0.0.4:3307``."""
    trouble: Trouble = ""
    words: str = ""
    """What went wrong, in one line; empty where nothing did."""
    version: str = ""
    variables: dict[str, str] = {}
    """``read_only`` and its kin, as the server spells their values."""
    replication: tuple[Replication, ...] | None = None
    """Empty: it follows nobody. None: it would not say; see ``refused``."""
    grants: tuple[str, ...] | None = None
    """What the account may do, such as ``SELECT ON porta.*``: nothing of passwords."""
    refused: dict[str, str] = {}
    """What it would not tell, and why: ``variables``, ``replication``, ``grants``."""
