#!/bin/sh
# Starts nginx with the resolver of this container: its address differs between Docker and podman. Only the first is
# taken: podman lists the machine's own behind it, nginx asks all in turn, and that one does not know our services.
set -eu
listed=${RESOLV_CONF:-/etc/resolv.conf}
written=${RESOLVER_FILE:-/tmp/resolver.conf}
awk '$1 == "nameserver" { print "resolver " ($2 ~ /:/ ? "[" $2 "]" : $2) " valid=10s;"; exit }' "$listed" >"$written"
exec nginx -g "daemon off;"
