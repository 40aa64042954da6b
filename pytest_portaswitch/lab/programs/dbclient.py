#!/usr/bin/python3
"""Logs in to databases and stays connected, as Billing Engine, Alerter and the like do.

usage: dbclient PASSWORD-FILE USER HOST:PORT...
"""

import os
import pathlib
import sys
import threading
import time

import pymysql  # type: ignore[import-not-found,import-untyped,unused-ignore]

PAUSE = 0.5
PATIENCE = 3


def say(text: str) -> None:
    """Into the log."""
    sys.stderr.write(f"{text}\n")


def stay_connected(user: str, password: str, host: str, port: int) -> None:
    """Hold one connection, use it each second, make a new one when it broke."""
    while True:
        try:
            connection = pymysql.connect(
                host=host,
                port=port,
                user=user,
                password=password,
                database="porta",
                connect_timeout=PATIENCE,
                read_timeout=PATIENCE,
                write_timeout=PATIENCE,
                autocommit=True,
            )
        except Exception as error:  # a hostile server breaks the driver in ways of its own
            say(f"{host}:{port}: {error}")
            time.sleep(PAUSE)
            continue
        say(f"{host}:{port}: connected")
        try:
            with connection, connection.cursor() as cursor:
                while True:
                    cursor.execute("SELECT release_name FROM installation")
                    cursor.fetchall()
                    time.sleep(1)
        except Exception as error:
            say(f"{host}:{port}: connection lost: {error}")


def main() -> None:
    """Keep all connections until killed."""
    password = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").strip()
    for place in sys.argv[3:]:
        host, _, port = place.partition(":")
        threading.Thread(
            target=stay_connected, args=(sys.argv[2], password, host, int(port)), daemon=True
        ).start()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(os.EX_USAGE) if len(sys.argv) < 4 else main()
