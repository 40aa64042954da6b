"""Command lines lose their secrets, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.facts import secrets_shown
from pytest_portaswitch.facts.masking import masked, masked_words

PIECES = st.sampled_from([
    "--", "-p", "-P", "pass", "PassWord", "Pwd", "secret", "tok", "en", "api", "_", "key",
    "credential", "s", "=", ":", "//", "@", "/", "mysql", "MariaDB", "sshpass", " ", "a", "1", "\n",
    "\u017f", "\u0131", "\u212a", "\udc80",
])  # fmt: skip


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("app --password S3CRET -v", "app --password *** -v"),
        ("app --db-passwd S3CRET", "app --db-passwd ***"),
        ("app -passphrase S3CRET", "app -passphrase ***"),
        ("app --api-key S3CRET --token=S3CRET", "app --api-key *** --token=***"),
        ("openssl rsa -passin pass:S3CRET", "openssl rsa -passin pass:***"),
        ("sh -c MYSQL_PWD=S3CRET mysql", "sh -c MYSQL_PWD=*** mysql"),
        ("app mysql://root:S3CRET@db1/porta", "app mysql://root:***@db1/porta"),
        ("app amqp://:S3C@RET@mq", "app amqp://:***@mq"),
        ("/usr/bin/mysqldump -uroot -pS3CRET porta", "/usr/bin/mysqldump -uroot -p*** porta"),
        ("sshpass -pS3CRET ssh db1", "sshpass -p*** ssh db1"),
        ("mysqld --port 3306 -p", "mysqld --port 3306 -p"),
        ("ssh -p2222 db1", "ssh -p2222 db1"),
        ("app --password-file /etc/app", "app --password-file /etc/app"),
        ("curl http://db1:8080/x@y", "curl http://db1:8080/x@y"),
        ("app --pa\u017fsword S3CRET", "app --pa\u017fsword ***"),
        ("app to\u212aen=S3CRET", "app to\u212aen=***"),
        ("", ""),
    ],
)
def test_what_is_shown_of_a_command_line(command: str, shown: str) -> None:
    """As ``ps`` would show it, to everybody on the host and in the evidence."""
    assert masked(command.split(" ")) == shown


@given(st.lists(st.lists(PIECES, max_size=5).map("".join), max_size=5))
def test_what_is_passed_over_as_plain_holds_nothing_to_mask(words: list[str]) -> None:
    """Long s and the like are other letters for what the patterns look for."""
    assert masked_words(words) == secrets_shown.without(words)
