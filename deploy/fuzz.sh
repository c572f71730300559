#!/usr/bin/env bash
# Fuzz with atheris, which needs x86-64 and Python 3.11 to 3.13: an environment of its own. Arguments go to tests.fuzz.
set -eu
python=${PYTHON:-python3}
"$python" -c 'import platform, sys; sys.exit(platform.machine() != "x86_64" or not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
  echo "error: atheris has wheels for x86-64 and Python 3.11 to 3.13, and none for $("$python" --version) on $(uname -m);" \
    "name another with: make fuzz PYTHON=python3.11, or run the short form: pytest tests/fuzz" >&2; exit 1; }
if [ ! -e .venv-fuzz/.installed ] || [ pyproject.toml -nt .venv-fuzz/.installed ]; then
  PYTHON=$python deploy/make_environment.sh .venv-fuzz '.[fuzz]'
  touch .venv-fuzz/.installed
fi
exec .venv-fuzz/bin/python -m tests.fuzz "$@"
