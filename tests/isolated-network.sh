#!/bin/sh
# Runs a program in its own network namespace, with one link (lotbook0) that the program may take down and up.
set -eu
[ "$(id -u)" = 0 ] && flags="--net" || flags="--net --map-root-user"
# shellcheck disable=SC2086
exec unshare $flags sh -euc '
    ip link set lo up
    ip link add lotbook0 type veth peer name lotbook1
    ip address add 10.99.0.1/24 dev lotbook0
    ip link set lotbook0 up
    ip link set lotbook1 up
    exec "$@"
' sh "$@"
