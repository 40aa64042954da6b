"""What jump hosts and the clients of containers are known to say when they refuse, as data.

Nobody else has a part in these words: a jump host speaks to its own ssh, a client of containers
before it has reached one. The first saying that matches counts.
"""

from __future__ import annotations

from typing import NamedTuple

from pytest_portaswitch.facts.model import WhyUnobserved


class Saying(NamedTuple):
    """Words that somebody is known to say, and what follows of them."""

    pattern: str
    why: WhyUnobserved
    sentence: str


FORWARD = (
    Saying(
        r".*(?:not known|[Nn]o address|resol|Temporary failure)",
        "name-not-resolved",
        "the name does not resolve there",
    ),
    Saying(
        r"Connection refused",
        "connection-refused",
        "nothing takes connections there: sshd is down, on another port, or a firewall rejects",
    ),
    Saying(
        r".*timed out",
        "connection-timeout",
        "no answer to the TCP connection: the host is down, or a firewall drops",
    ),
    Saying(
        r".*(?:[Nn]o route|unreachable|is down|not permitted)",
        "no-route",
        "there is no way to the address from there",
    ),
)
CONTAINER = (
    Saying(r".*/bin/sh\W.*(?:not found|[Nn]o such file)", "no-shell", "there is no /bin/sh"),
    Saying(
        r".*(?:[Nn]o such container|no container with name|pods? \S+ not found|[Nn]ot [Ff]ound)",
        "name-not-resolved",
        "there is no such container",
    ),
    Saying(
        r".*(?:is not running|can only create exec sessions on running containers)",
        "connection-refused",
        "the container is not running",
    ),
    Saying(
        r".*(?:[Cc]annot connect to the Docker daemon|connection to the server .* refused)",
        "connection-refused",
        "the service that runs the containers does not answer",
    ),
)
