#!/bin/sh
# Starts nginx with the resolver of this container: its address differs between Docker and podman.
set -eu
servers=$(awk '$1 == "nameserver" { print ($2 ~ /:/ ? "[" $2 "]" : $2) }' /etc/resolv.conf | tr '\n' ' ')
echo "resolver $servers valid=10s;" >/tmp/resolver.conf
exec nginx -g "daemon off;"
