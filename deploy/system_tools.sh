#!/usr/bin/env bash
# What the tests start for real and PyPI does not carry: a broker, a browser, a token for keys and npm, from the distribution; and what
# lets a broker's time pass as slowly as that of an emulated board. Further COMMAND=PACKAGE arguments are installed, too,
# where the command is missing.
set -eu
missing=()
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
command -v flite >/dev/null || missing+=(flite)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v softhsm2-util >/dev/null || missing+=(softhsm2)
command -v npm >/dev/null || missing+=(npm)
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(libfaketime)
for pair in "$@"; do
  command -v "${pair%%=*}" >/dev/null || [ -x "/usr/sbin/${pair%%=*}" ] || missing+=("${pair##*=}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
as_root=""; [ "$(id -u)" = 0 ] || as_root="sudo -n"
if ! command -v apt-get >/dev/null || ! $as_root true 2>/dev/null; then
  echo "error: the tests start ${missing[*]}; install them: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
echo "Installing ${missing[*]} …"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
