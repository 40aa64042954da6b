#!/bin/sh
# A login shell that never gets anywhere.
while :; do
    sleep 3600
done
