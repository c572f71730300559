#!/usr/bin/env bash
# The whole test suite. Real brokers, boards and browsers share the machine's cores here, so what fails beside others is
# run once more alone, and named: only what fails then, too, fails the suite.
set -u
pytest="$1"; shift
"$pytest" -n auto --dist loadgroup "$@" && exit 0
code=$?
[ $code -eq 1 ] || exit $code
echo "Once more, alone, what failed beside others:"
exec "$pytest" -n 1 --dist loadgroup --last-failed --last-failed-no-failures none -v "$@"
