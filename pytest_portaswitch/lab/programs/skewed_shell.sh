#!/bin/sh
# A login shell in which the time is wrong.
. /etc/lab/skewed.env
export LD_PRELOAD FAKETIME
exec /bin/bash "$@"
