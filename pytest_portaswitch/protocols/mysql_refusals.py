"""By which numbers MySQL and MariaDB refuse, and what a refusal proves.

Numbers above 2000 that are no server's own are a proxy's, of the server behind it.
"""

from __future__ import annotations

from pytest_portaswitch.facts.answer import Finding
from pytest_portaswitch.protocols.unknown_client import codes, rule, step, wordless

TOO_MANY_CONNECTIONS = 1040
NOT_WITHOUT_TLS = 3159

AT_GREETING: dict[int, Finding] = {
    1040: "too-many-connections",
    1042: "host-not-allowed",  # it finds no name for the address
    1053: "unavailable",  # shutdown in progress
    1129: "host-blocked",
    1130: "host-not-allowed",
    3032: "unavailable",  # MySQL: offline_mode
}
"""Before the client has named itself. All others: ``server-error``."""

AT_LOGIN: dict[int, Finding] = {
    **AT_GREETING,
    1045: "login-refused",
    1203: "login-refused",  # this account has as many connections as it may
    1226: "login-refused",  # this account has used up what it may
    1251: "login-refused",  # no plugin in common
    1275: "login-refused",  # the account's password is of the old kind
    1524: "login-refused",  # the account's plugin is not loaded
    1698: "login-refused",  # 1045 of a plugin that takes no password
    1862: "login-refused",  # the account's password has expired
    2059: "login-refused",  # a proxy's words for 1251
    3118: "login-refused",  # MySQL: the account is locked
    3955: "login-refused",  # MySQL: the same, for too many wrong passwords
    4151: "login-refused",  # MariaDB: the account is locked
    1037: "server-error",  # out of memory
    1038: "server-error",
    1041: "server-error",
    1135: "server-error",  # it cannot create a thread
    2002: "server-error",  # what a proxy says of the server behind it
    2003: "server-error",
    2005: "server-error",
    2006: "server-error",
    2013: "server-error",
    3159: "tls-required",
}
"""To a login. All others: ``identity-refused``."""

_ACCOUNT = "an account of the audit's name is refused, and a peer's has its own"
CLIENT = (
    step(
        "connects",
        rule("answers", how="a greeting", why="a second connection tells whether there is room"),
        *(
            rule("refuses", finding, codes(AT_GREETING, finding), "a peer gets the same")
            for finding in dict.fromkeys(AT_GREETING.values())
        ),
        rule("refuses", "server-error", "any other error", "a peer gets the same"),
        *wordless("no-answer", "a peer gets the same: the client has not named itself"),
    ),
    step(
        "connects once more, beside",
        rule("answers", how="a greeting"),
        rule(
            "refuses",
            "too-many-connections",
            "1040",
            "only the one is left that is kept for an administrator",
        ),
        rule("refuses", "room-unproved", "any other error", "it greeted the first one"),
        *wordless("room-unproved", "a limit for each client address, or a slow server"),
        variant="beside",
    ),
    step(
        "logs in as a user that does not exist",
        rule("answers", "login-accepted", "OK", "anybody gets in without a password"),
        rule("refuses", "login-refused", codes(AT_LOGIN, "login-refused"), _ACCOUNT),
        rule("refuses", "too-many-connections", "1040", "to every account"),
        rule("refuses", "unavailable", codes(AT_LOGIN, "unavailable"), "to every account"),
        rule(
            "refuses", "host-not-allowed", codes(AT_LOGIN, "host-not-allowed"), "to every account"
        ),
        rule("refuses", "host-blocked", codes(AT_LOGIN, "host-blocked"), "to every account"),
        rule("refuses", "server-error", codes(AT_LOGIN, "server-error"), "to every account"),
        rule("refuses", "tls-required", "3159, by a server that offers no TLS", "to every account"),
        rule("refuses", "identity-refused", "any other error", "it may be for the account"),
        *wordless("cut-short", "each login is owed an answer"),
    ),
    step(
        "logs in inside TLS, after 3159",
        rule("answers", "login-accepted", "OK", "anybody gets in without a password"),
        rule("refuses", "login-refused", "1045 and the like; all other errors are as above"),
        *wordless("tls-unproved", "the audit shows no certificate, and checks none"),
        variant="tls",
    ),
)


def meaning(code: int, *, at_greeting: bool) -> Finding:
    """What an error means: before the client has named itself, or as the answer to its login."""
    if at_greeting:
        return AT_GREETING.get(code, "server-error")
    return AT_LOGIN.get(code, "identity-refused")
