"""One module for each kind of daemon: its configuration, how it starts, how to see it is ready."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons import (
    apache,
    cyrus,
    dnsmasq,
    dovecot,
    ejabberd,
    freediameter,
    freeradius,
    haproxy,
    kamailio,
    lighttpd,
    mariadb,
    nginx,
    postfix,
    programs,
    radsecproxy,
    rtpengine,
    sshd,
    tftp,
)
from pytest_portaswitch.lab.daemons.kind import Kind

KINDS: Mapping[str, Kind] = {
    "apache": apache.APACHE,
    "cyrus": cyrus.CYRUS,
    "dbclient": programs.DBCLIENT,
    "dnsmasq": dnsmasq.DNSMASQ,
    "dovecot": dovecot.DOVECOT,
    "ejabberd": ejabberd.EJABBERD,
    "freediameter": freediameter.FREEDIAMETER,
    "freeradius": freeradius.FREERADIUS,
    "haproxy": haproxy.HAPROXY,
    "http": programs.HTTP,
    "kamailio": kamailio.KAMAILIO,
    "lighttpd": lighttpd.LIGHTTPD,
    "mariadb": mariadb.MARIADB,
    "nginx": nginx.NGINX,
    "perlsip": programs.PERLSIP,
    "postfix": postfix.POSTFIX,
    "radsecproxy": radsecproxy.RADSECPROXY,
    "rtpengine": rtpengine.RTPENGINE,
    "smpp": programs.SMPP,
    "smtp": programs.SMTP,
    "sshd": sshd.SSHD,
    "tftp": tftp.TFTP,
}
