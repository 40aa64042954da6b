"""What ssh, sudo, login shells and containers are known to say when they refuse, as data.

The first saying that matches a line counts, so the order matters: the telling ones stand first.
"""

from __future__ import annotations

from typing import NamedTuple

from pytest_portaswitch.facts.model import WhyUnobserved


class Saying(NamedTuple):
    """A line that somebody is known to say. ``{...}`` in the texts are groups of the pattern."""

    pattern: str
    why: WhyUnobserved
    sentence: str
    hint: str = ""
    again: bool = False
    """Whether it may go well a little later."""


CONNECT = (
    Saying(
        r"(?:\S+ h|H)ost key for (?P<host>\S+) has changed",
        "host-key-changed",
        "the host key of {host} is not the one on record: the host was installed anew, "
        "or somebody stands in between",
        "compare its fingerprint on the host's own console (ssh-keygen -lf "
        "/etc/ssh/ssh_host_ed25519_key.pub); if it is right: {remove}",
    ),
    Saying(
        r"(?:\S+ h|H)ost key for (?P<host>\S+) was revoked",
        "host-key-changed",
        "the host key of {host} is marked as revoked",
    ),
    Saying(
        r"No \S+ host key is known for (?P<host>\S+)",
        "host-key-unknown",
        "the host key of {host} is not on record",
        "compare its fingerprint on the host's own console, then add it to known_hosts",
    ),
    Saying(
        r"Host key verification failed",
        "host-key-unknown",
        "the host key is not on record",
        "compare its fingerprint on the host's own console, then add it to known_hosts",
    ),
    Saying(
        r".*Too many authentication failures",
        "authentication-failed",
        "ssh offered more keys than the host lets one try",
        "name the key in the cluster file, so that it alone is offered",
    ),
    Saying(
        r"(?:\S+: )?Permission denied(?:, please try again\.| \()",
        "authentication-failed",
        "the host accepts none of the keys that ssh offered",
        "check the user, the key and the host's authorized_keys",
    ),
    Saying(
        r"(?:Your account has expired|.*account has expired)",
        "authentication-failed",
        "the account has expired",
    ),
    Saying(
        r"(?:ssh: )?Could not resolve hostname (?P<host>[^:]+):",
        "name-not-resolved",
        "the name {host} does not resolve",
    ),
    Saying(
        r"(?:ssh: )?connect to (?:host|address) .*: Connection refused",
        "connection-refused",
        "nothing takes connections there: sshd is down, on another port, or a firewall rejects",
    ),
    Saying(
        r"(?:ssh: )?connect to (?:host|address) .*: (?:Connection|Operation) timed out",
        "connection-timeout",
        "no answer to the TCP connection: the host is down, or a firewall drops",
    ),
    Saying(
        r"(?:ssh: )?connect to (?:host|address) .*: (?:No route to host|Network is unreachable"
        r"|Host is down|Host is unreachable|Permission denied|Operation not permitted"
        r"|Cannot assign requested address|Network is down)",
        "no-route",
        "there is no way to the address from here",
    ),
    Saying(
        r"(?:Connection timed out|.*read: Connection timed out|.*Operation timed out)"
        r"(?: during banner exchange)?$",
        "hung-before-login",
        "something took the TCP connection, but sshd never spoke",
    ),
    Saying(
        r"Unable to negotiate with .*|.*no matching (?:key exchange|host key|cipher|mac).*",
        "client-failed",
        "the ssh here and the sshd there have no algorithm in common",
        "allow the offered one for this host in the ssh config",
    ),
    Saying(
        r".*Bad configuration option|.*bad configuration options|Bad owner or permissions on"
        r"|Can't open user config file|command-line: line \d+: "
        r"|.*: line \d+: (?:Bad|Unsupported|missing)|unknown option",
        "client-failed",
        "ssh rejects its settings",
    ),
    Saying(
        r"(?:kex_exchange_identification|ssh_exchange_identification|banner exchange): .*"
        r"|Exceeded MaxStartups|Not allowed at this time|Connection (?:reset|closed) by .*",
        "connection-refused",
        "the host closed the connection before the login: too many logins at once (sshd's "
        "MaxStartups), a penalty for earlier ones, or its hosts.deny",
        again=True,
    ),
)
KEY = (
    Saying(
        r"(?:Warning: Identity file .* not accessible|Permissions \S+ for .* are too open"
        r"|Load key .*: (?!$))",
        "authentication-failed",
        "ssh cannot use the key that is named, and the host accepts no other",
    ),
)
FORWARD = (
    Saying(r".*administratively prohibited", "jump-failed", "it does not let us through"),
    Saying(
        r".*connect failed: .*(?:not known|[Nn]o address|resol|Temporary failure)",
        "name-not-resolved",
        "the name does not resolve there",
    ),
    Saying(
        r".*connect failed: Connection refused",
        "connection-refused",
        "nothing takes connections there: sshd is down, on another port, or a firewall rejects",
    ),
    Saying(
        r".*connect failed: .*timed out",
        "connection-timeout",
        "no answer to the TCP connection: the host is down, or a firewall drops",
    ),
    Saying(
        r".*connect failed: .*(?:[Nn]o route|unreachable|is down|not permitted)",
        "no-route",
        "there is no way to the address from there",
    ),
)
CONTAINER = (
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
SUDO = (
    Saying(
        r".*(?:a password is required|interactive authentication is required"
        r"|a terminal is required|no askpass program|no tty present)",
        "sudo-refused",
        "sudo asks for a password, and none is given",
        "give sudo_password, or allow the user sudo with NOPASSWD",
    ),
    Saying(
        r".*(?:Sorry, try again|incorrect password attempt|incorrect authentication attempt"
        r"|[Aa]uthentication fail|no password was provided)",
        "sudo-refused",
        "sudo does not accept the password",
    ),
    Saying(
        r".*(?:is not in the sudoers|is not allowed to (?:execute|run)|may not run sudo"
        r"|I'm sorry \S+ I'm afraid I can't do that)",
        "sudo-refused",
        "the user may not use sudo for this",
        "allow it in the host's sudoers",
    ),
    Saying(
        r".*must have a tty",
        "sudo-refused",
        "sudo wants a terminal",
        "'Defaults:USER !requiretty' in the host's sudoers",
    ),
    Saying(r".*sudo: (?:command )?not found", "sudo-refused", "there is no sudo on the host"),
    Saying(
        r".*(?:no new privileges|effective uid is not 0|setuid bit set|account validation failure"
        r"|[Aa]ccount expired|[Pp]assword expired|a restart is required|parse error|syntax error)",
        "sudo-refused",
        "sudo does not work on the host",
    ),
    Saying(
        r"sudo(?:-rs)?: (?!unable to resolve host)",
        "sudo-refused",
        "sudo did not run the program",
    ),
)
SHELL = (
    Saying(
        r".*(?:Password change required|password has expired|required to change your password"
        r"|must change your password)",
        "authentication-failed",
        "the account's password has expired, and the host insists on a new one",
    ),
    Saying(
        r".*(?:account is currently not available|nologin)",
        "no-shell",
        "the account has no login shell",
    ),
    Saying(
        r".*(?:command not allowed|not permitted to run|restricted|This service allows sftp)",
        "no-shell",
        "the account may not run commands",
    ),
    Saying(r".*/bin/sh: .*(?:not found|[Nn]o such file)", "no-shell", "there is no /bin/sh"),
)
