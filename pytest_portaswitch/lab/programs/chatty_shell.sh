#!/bin/sh
# A login shell that never stops talking.
while :; do
    echo "this line is one of very many, and there is no end to them"
done
