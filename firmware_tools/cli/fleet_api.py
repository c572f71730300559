"""``cygnet fleet api``: the description of the fleet's HTTP API."""

import json
from pathlib import Path

import click

from firmware_tools.fleet.errors import FleetError


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write it to a file.")
@click.option("--markdown", is_flag=True, help="As a page for people (docs/api.md).")
def api(out: Path | None, markdown: bool) -> None:
    """Print the fleet's HTTP API as an OpenAPI 3.1 document.

    It is that of this cygnet, and needs no fleet; a running one answers its own at /api/openapi.json.

    \b
    Example:
      cygnet fleet api --out openapi.json
    """
    # Loaded here: whoever asks a fleet something else needs no server.
    from firmware_tools.fleet.openapi.page import page
    from firmware_tools.fleet.server import describe_api

    document = describe_api()
    text = page(document) if markdown else json.dumps(document, indent=2) + "\n"
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FleetError(f"{out} cannot be written: {error.strerror}") from error
