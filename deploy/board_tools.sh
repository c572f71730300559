#!/usr/bin/env bash
# What `make boards` starts beyond PyPI and system_tools.sh: a micro:bit in qemu, with the MicroPython that Debian carries
# for it.
set -eu
missing=()
command -v qemu-system-arm >/dev/null || missing+=(qemu-system-arm)
[ -f /usr/share/firmware-microbit-micropython/firmware.hex ] || missing+=(firmware-microbit-micropython)
[ ${#missing[@]} -eq 0 ] && exit 0
as_root=""; [ "$(id -u)" = 0 ] || as_root="sudo -n"
if ! command -v apt-get >/dev/null || ! $as_root true 2>/dev/null; then
  echo "note: some tests of boards are left out or fail; they need ${missing[*]}" >&2
  exit 0
fi
echo "Installing ${missing[*]} …"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
