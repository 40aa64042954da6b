#!/usr/bin/python3
"""Logs in to databases and stays connected, as Billing Engine, Alerter and the like do.

usage: dbclient PASSWORD-FILE USER HOST:PORT...
"""

import os
import sys
import threading
import time

import pymysql  # type: ignore[import-not-found,import-untyped,unused-ignore]

PAUSE = 0.5
PATIENCE = 3


def stay_connected(user: str, password: str, host: str, port: int) -> None:
    """Hold one connection, use it each second, make a new one when it broke."""
    while True:
        try:
            connection = pymysql.connect(
                host=host, port=port, user=user, password=password, database="porta",
                connect_timeout=PATIENCE, read_timeout=PATIENCE, write_timeout=PATIENCE,
                autocommit=True,
            )
        except (OSError, pymysql.err.Error) as error:
            print(f"{host}:{port}: {error}", flush=True)
            time.sleep(PAUSE)
            continue
        print(f"{host}:{port}: connected", flush=True)
        try:
            with connection, connection.cursor() as cursor:
                while True:
                    cursor.execute("SELECT release_name FROM installation")
                    cursor.fetchall()
                    time.sleep(1)
        except (OSError, pymysql.err.Error) as error:
            print(f"{host}:{port}: connection lost: {error}", flush=True)


def main() -> None:
    """Keep all connections until killed."""
    with open(sys.argv[1], encoding="utf-8") as file:
        password = file.read().strip()
    for place in sys.argv[3:]:
        host, _, port = place.partition(":")
        threading.Thread(
            target=stay_connected, args=(sys.argv[2], password, host, int(port)), daemon=True
        ).start()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(os.EX_USAGE) if len(sys.argv) < 4 else main()
