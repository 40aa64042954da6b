"""``python -m pytest_portaswitch`` is the command ``pytest-portaswitch``."""

import sys

from pytest_portaswitch.cli import main

sys.exit(main())
