"""One module for each kind of daemon: its configuration, how it starts, how to see it is ready."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons import (
    apache,
    dovecot,
    freediameter,
    freeradius,
    kamailio,
    mariadb,
    programs,
    rtpengine,
    sshd,
    tftp,
)
from pytest_portaswitch.lab.daemons.kind import Kind

KINDS: Mapping[str, Kind] = {
    "apache": apache.APACHE,
    "dbclient": programs.DBCLIENT,
    "dovecot": dovecot.DOVECOT,
    "freediameter": freediameter.FREEDIAMETER,
    "freeradius": freeradius.FREERADIUS,
    "http": programs.HTTP,
    "kamailio": kamailio.KAMAILIO,
    "mariadb": mariadb.MARIADB,
    "rtpengine": rtpengine.RTPENGINE,
    "smpp": programs.SMPP,
    "smtp": programs.SMTP,
    "sshd": sshd.SSHD,
    "tftp": tftp.TFTP,
}
