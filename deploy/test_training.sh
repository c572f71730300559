#!/usr/bin/env bash
# The tests of tests/training with the extra `train`, which is too large for .venv: an environment of its own.
# SHORT=1 runs the few that show the way from a recipe to int8, for `make test`; IMPORTS=1 adds what `cygnet model import`
# needs, with PyTorch and PaddlePaddle. Arguments go to pytest.
set -eu
extras=train; more=(); stamp=.venv-train/.installed
if [ -n "${IMPORTS:-}" ]; then
  # TORCH can name PyTorch's build for CPUs, where the package index has one: a seventh of the other.
  extras=train,train-import; more=("${TORCH:-torch}" paddlepaddle paddle2onnx); stamp=.venv-train/.installed-imports
fi
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
  deploy/make_environment.sh .venv-train ".[$extras]" ${more[@]+"${more[@]}"} pytest pytest-asyncio pytest-timeout hypothesis
  touch "$stamp"
fi
if [ -n "${SHORT:-}" ]; then
  set -- tests/training/test_train.py -m short "$@"
else
  set -- tests/training "$@"
fi
exec .venv-train/bin/python -m pytest -q "$@"
