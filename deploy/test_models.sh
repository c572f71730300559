#!/usr/bin/env bash
# Every model against its card, with what measures it, in an environment of its own.
set -eu
environment=.venv-models
if [ ! -e $environment/.installed ] || [ pyproject.toml -nt $environment/.installed ]; then
  deploy/make_environment.sh $environment '.[train,voice]'
  touch $environment/.installed
fi
command -v flite >/dev/null || echo "flite is not installed, whose voices the tests of wake words need: apt-get install flite" >&2
$environment/bin/cygnet model test --all --report .models "$@"
