"""The cluster file: what one installation is, and how to log in to it."""

from pytest_portaswitch.cluster.loader import can_be_planned, load, load_many, read_many
from pytest_portaswitch.cluster.model import (
    Accepted,
    Cluster,
    Database,
    Host,
    Login,
    NotInUse,
    Override,
    SecretRef,
    Tls,
    TlsName,
    VirtualIp,
    Waiver,
)

__all__ = [
    "Accepted",
    "Cluster",
    "Database",
    "Host",
    "Login",
    "NotInUse",
    "Override",
    "SecretRef",
    "Tls",
    "TlsName",
    "VirtualIp",
    "Waiver",
    "can_be_planned",
    "load",
    "load_many",
    "read_many",
]
