"""Where pytest is met: options, collection, fixtures, outcomes. It translates and delegates."""

from pytest_portaswitch.runner import own_modules

own_modules.import_plainly()
