#!/usr/bin/env bash
# What `make clusters` starts beside what all tests start: RabbitMQ, from the distribution. Its service is not wanted: the
# tests start nodes of their own. NATS comes with the Python packages.
set -eu
here=$(dirname "$0")
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] && exec "$here/system_tools.sh"
"$here/system_tools.sh" rabbitmq-server=rabbitmq-server
# Where systemd runs, the package has started it.
if [ -d /run/systemd/system ]; then
  as_root=""; [ "$(id -u)" = 0 ] || as_root="sudo -n"
  $as_root systemctl disable --quiet --now rabbitmq-server epmd.socket epmd.service 2>/dev/null || true
fi
