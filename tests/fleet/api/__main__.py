"""``python -m tests.fleet.api``: schemathesis against a running fleet, with all that it can (``make api-fuzz``).

Options are those of ``schemathesis run``; without any, some four minutes of all phases.
"""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from firmware_tools.fleet.server import describe_api
from tests.fleet.api.fuzzing import fuzz

LONG = ("--max-time", "240", "--continue-on-failure", "--generation-database", "none")


def main() -> None:
    """Run, print what was found, and fail if it was anything."""
    logging.basicConfig(filename="/dev/null")
    with tempfile.TemporaryDirectory(prefix="cygnet-api-") as folder:
        code, said = asyncio.run(fuzz(Path(folder), describe_api(), sys.argv[1:] or LONG))
    print("\n".join(line[:1000] for line in said.splitlines()))
    sys.exit(code)


if __name__ == "__main__":
    main()
