"""Schemathesis against a running fleet: requests made of its own description, within it and just beside it."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fleet.api.populated import populated_fleet

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
ENDLESS = "/api/live"
"""It answers as long as one listens; tests/fleet/api/test_live.py has it."""


async def fuzz(folder: Path, document: dict[str, Any], options: Sequence[str], database: str = "") -> tuple[int, str]:
    """Try a fleet with something of everything in it by a description; the exit code and what schemathesis said."""
    described = folder / "openapi.json"
    described.write_text(json.dumps(closed(document)))
    async with populated_fleet(folder, database) as (fleet, home):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIGURATION, "run", described),
            *("--url", fleet.url, "--exclude-path", ENDLESS, "--checks", "all"),
            *options,
            cwd=folder,  # what it remembers of its failures is nothing for us
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "CYGNET_FLEET_TOKEN": home.token(), "COLUMNS": "120"},
        )
        out, _ = await process.communicate()
        return process.returncode or 0, out.decode(errors="replace")


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """The same description with no members but those that it names, so that one that is sent and not described is a
    fault."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for schema in copy["components"]["schemas"].values():
        if "properties" in schema:
            # What `additionalProperties: false` means; schemathesis 4.32 does not hold answers to that.
            schema["propertyNames"] = {"enum": [*schema["properties"]]}
    return copy
