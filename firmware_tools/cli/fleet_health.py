"""``cygnet fleet health``: is the service well? For people, timers, containers."""

import asyncio
import json
from dataclasses import asdict

import click

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.errors import FleetError

_WORDS = {
    "database": "its database does not answer",
    "storing": "what devices say cannot be stored",
    "broker": "its broker is away",
}


@click.command()
@click.option("--serving", is_flag=True, help="A broker that is away is no failure: a restart does not bring it back.")
@json_option
@pass_target
def health(target: Target, serving: bool, as_json: bool) -> None:
    """Say whether the fleet's service is well, and end with 0 if it is. Needs no operator token.

    \b
    Example:
      cygnet fleet health
      cygnet fleet --fleet https://fleet.example health --json
    """
    from firmware_tools.fleet.health import ask_health  # here, since it loads slowly

    found = asyncio.run(ask_health(target.address))
    if as_json:
        click.echo(json.dumps(asdict(found)))
    wrong = [words for name, words in _WORDS.items() if not getattr(found, name)]
    if wrong and not (serving and found.status == "degraded"):
        raise FleetError(f"the fleet is {found.status}: {', '.join(wrong)}; `cygnet fleet devices` says why")
    if not as_json:
        click.echo(found.status)
