"""``python -m tests.fleet.api``: schemathesis against a running fleet, with all that it can (``make api-fuzz``).

Options are those of ``schemathesis run``; without any, some four minutes of all phases. ``--postgresql`` first has the
fleet's database there, and not in SQLite.
"""

import asyncio
import logging
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from firmware_tools.fleet.server import describe_api
from tests.fleet.api.fuzzing import fuzz
from tests.postgres import running_postgres

LONG = ("--max-time", "240", "--continue-on-failure", "--generation-database", "none")


def main() -> None:
    """Run, print what was found, and fail if it was anything."""
    logging.basicConfig(filename="/dev/null")
    on_postgresql = sys.argv[1:2] == ["--postgresql"]
    options = sys.argv[1 + on_postgresql :] or LONG
    database = running_postgres() if on_postgresql else nullcontext(None)
    with tempfile.TemporaryDirectory(prefix="cygnet-api-") as folder, database as server:
        code, said = asyncio.run(fuzz(Path(folder), describe_api(), options, server.url() if server else ""))
    print("\n".join(line[:1000] for line in said.splitlines()))
    sys.exit(code)


if __name__ == "__main__":
    main()
