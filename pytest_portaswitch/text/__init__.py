"""Text from outside (hosts, peers, ssh, files, the environment), and the ways to show it.

Whoever reads something from outside makes it ``Text`` by ``clean`` and addresses by ``address``;
whoever writes something out does it by one of the functions of ``show``; commands to paste are made
by ``command``. Nothing else in the project cleans, escapes or quotes.
"""

from pytest_portaswitch.text.address import NO_ADDRESS, Address, Hostile, address, interface_address
from pytest_portaswitch.text.clean import NO_TEXT, Text, clean, clean_json, clean_line

__all__ = [
    "NO_ADDRESS",
    "NO_TEXT",
    "Address",
    "Hostile",
    "Text",
    "address",
    "clean",
    "clean_json",
    "clean_line",
    "interface_address",
]
