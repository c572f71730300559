#!/usr/bin/env bash
# Every model against its card, with what measures it: in the model lab's environment, and what models that hear need.
set -eu
environment=.venv-train; stamp=$environment/.installed-models
if [ ! -e $stamp ] || [ pyproject.toml -nt $stamp ]; then
  deploy/make_environment.sh $environment '.[train,voice,voices]'
  touch $stamp
fi
deploy/voices.sh
$environment/bin/cygnet model test --all --report .models "$@"
