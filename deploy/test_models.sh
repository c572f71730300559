#!/usr/bin/env bash
# Every model against its card, with what measures it: in the model lab's environment, and what models that hear need.
set -eu
environment=.venv-train; stamp=$environment/.installed-models
if [ ! -e $stamp ] || [ pyproject.toml -nt $stamp ]; then
  deploy/make_environment.sh $environment '.[train,voice]'
  touch $stamp
fi
command -v flite >/dev/null || echo "flite is not installed, whose voices the tests of wake words need: apt-get install flite" >&2
$environment/bin/cygnet model test --all --report .models "$@"
