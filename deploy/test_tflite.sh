#!/usr/bin/env bash
# The inference tests on tflite-runtime 2.14, which needs Python 3.11 and numpy < 2: an environment of its own.
set -eu
python=$(command -v python3.11 || true)
[ -n "$python" ] || { python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' && python=$(command -v python3); } || true
if [ -z "$python" ]; then
  echo "tflite-runtime: skipped, it has no wheel for $(python3 --version) and there is no python3.11 here"
  exit 0
fi
if [ ! -e .venv-tflite/.installed ] || [ pyproject.toml -nt .venv-tflite/.installed ]; then
  PYTHON=$python deploy/make_environment.sh .venv-tflite '.[inference-tflite]' pytest pytest-asyncio pytest-timeout hypothesis
  touch .venv-tflite/.installed
fi
.venv-tflite/bin/python -m pytest tests/inference -q
