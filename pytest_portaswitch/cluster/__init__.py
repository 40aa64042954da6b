"""The cluster file: what one installation is, and how to log in to it."""

from pytest_portaswitch.cluster.model import (
    Cluster,
    Host,
    Login,
    Override,
    SecretRef,
    VirtualIp,
    Waiver,
)

__all__ = ["Cluster", "Host", "Login", "Override", "SecretRef", "VirtualIp", "Waiver"]
