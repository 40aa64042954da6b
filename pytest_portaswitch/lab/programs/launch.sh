#!/bin/sh
# usage: launch NAME COMMAND... -- starts a daemon in a session of its own and returns at once.
name=$1
shift
exec setsid --fork /bin/sh -c 'echo $$ > /run/lab/$0.pid; exec "$@"' "$name" "$@" \
    < /dev/null >> "/var/log/lab/$name.log" 2>&1
