"""What a run needs once its hosts were looked at is not loaded before."""

from __future__ import annotations

import gc
import subprocess
import sys

from .conftest import ROOT, Site

LATE = (
    "pytest_portaswitch.judge",
    "pytest_portaswitch.causes",
    "pytest_portaswitch.difference",
    "pytest_portaswitch.pack",
    "pytest_portaswitch.report.evidence",
    "pytest_portaswitch.report.page.render",
)


def run(program: str) -> str:
    """What a Python of its own prints."""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return result.stdout


def test_it_is_loaded_beside_the_wait() -> None:
    """Not with the plugin, which every run of pytest loads; and templates are compiled by then."""
    told = run(
        "import sys, pytest_portaswitch.runner.plugin\n"
        "from pytest_portaswitch.runner.ending import loading_the_rest\n"
        f"print([name in sys.modules for name in {LATE!r}])\n"
        "class Item:\n"
        "    location = property(lambda self: print('asked for its place'))\n"
        "with loading_the_rest([Item()]) as load:\n"
        "    load()\n"
        f"print([name in sys.modules for name in {LATE!r}])\n"
        "from pytest_portaswitch.report.page.render import _environment\n"
        "print(sorted(key[1] for key in _environment().cache.keys()))\n"
    )
    assert told.splitlines() == [
        str([False] * len(LATE)),
        "asked for its place",
        str([True] * len(LATE)),
        "['audit.html', 'index.html', 'since.html']",
    ]


def test_nothing_of_it_is_loaded_before_the_first_login(site: Site) -> None:
    """Nor does a suite that names the type of a verdict load what judges."""
    site.audit("-k", "process and web1")  # writes the site's files
    (site.path / "suites" / "test_loaded.py").write_text(
        "from pytest_portaswitch import Outcome\n\ndef test_loaded():\n    pass\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", COLLECT], cwd=site.path, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "0 []"


COLLECT = f"""
import sys, pytest
sys.path.insert(0, {str(ROOT)!r})
code = pytest.main(["suites", "--cluster", "acme.yaml", "--collect-only", "-q", "--noconftest"])
print(int(code), [name for name in {LATE!r} if name in sys.modules])
"""


def test_a_process_that_ends_does_not_look_through_its_memory() -> None:
    """It is frozen when Python ends, and not before: pytest may go on in the same process."""
    told = run(
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1000))\n"
        "from pytest_portaswitch.runner.ending import end_at_once\n"
        "end_at_once()\n"
        "print(gc.get_freeze_count())\n"
    )
    assert told.splitlines() == ["0", "True"]


def test_what_stays_is_not_searched_for_garbage(site: Site) -> None:
    """While tests run, what was there before them is set aside; afterwards it is as it was."""
    site.audit("-k", "process and web1")  # writes the site's files
    (site.path / "suites" / "test_memory.py").write_text(
        "import gc\n\ndef test_memory():\n    assert gc.get_freeze_count() > 1000\n"
    )
    before = gc.get_freeze_count()
    site.audit("-k", "memory or (process and web1)").assert_outcomes(passed=4)
    assert gc.get_freeze_count() == before == 0
