#!/usr/bin/env bash
# make_environment.sh FOLDER REQUIREMENT...: a virtual environment with what is asked for, or one sentence why not.
set -eu
folder=$1; shift
python=${PYTHON:-python3}
command -v "$python" >/dev/null || { echo "error: there is no $python; install Python 3.11 or newer" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "error: Cygnet needs Python 3.11 or newer; $("$python" --version) is here. Name another with: make PYTHON=python3.12 …" >&2; exit 1; }
if [ ! -x "$folder/bin/python" ]; then
  echo "Making $folder …"
  if ! "$python" -m venv "$folder" >/tmp/cygnet-venv.$$ 2>&1; then
    rm -rf "$folder"
    # Debian splits venv off its Python; with root at hand that is no reason to stop.
    package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    as_root=""; [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
      $as_root apt-get update -qq && $as_root apt-get install -y -qq "$package" >/dev/null
      "$python" -m venv "$folder"
    else
      cat /tmp/cygnet-venv.$$ >&2; rm -f /tmp/cygnet-venv.$$
      echo "error: $python cannot make virtual environments here; run: sudo apt-get install $package" >&2; exit 1
    fi
  fi
  rm -f /tmp/cygnet-venv.$$
fi
echo "Installing into $folder (some 1.4 GB with all extras, once) …"
quiet=--quiet; [ ! -t 1 ] || quiet=--progress-bar=on
"$folder/bin/python" -m pip install $quiet --disable-pip-version-check --editable "$@"
