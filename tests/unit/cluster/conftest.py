"""Files under version control keep no modes: secrets are closed, and one is opened, here."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(autouse=True, scope="session")
def _modes() -> None:
    (HERE / "good" / "keys" / "sudo").chmod(0o600)
    (HERE / "bad" / "everybody.secret").chmod(0o644)
