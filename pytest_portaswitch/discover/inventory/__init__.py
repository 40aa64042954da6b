"""An Ansible inventory as a source of hosts. Nothing of it is run."""

from pytest_portaswitch.discover.inventory.targets import Inventoried, inventory_targets

__all__ = ["Inventoried", "inventory_targets"]
