"""``cygnet fleet model``: which devices have which models."""

import json

import click

from firmware_tools.cli.fleet_tables import print_models
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment


@click.group()
def model() -> None:
    """Assign models to devices.

    `cygnet model publish` publishes one. A device gets the models that its programs ask for (`cygnet.models` in their
    manifests) by itself, in the newest version; what is assigned here wins over that. A model that nobody asks for any
    more is removed.
    """


@model.command("list")
@json_option
@pass_target
def list_models(target: Target, as_json: bool) -> None:
    """List the models that are published, the newest version first.

    \b
    Example:
      cygnet fleet model list
    """
    answer = target.ask("GET", "/api/models")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        print_models(answer["models"])


@model.command()
@click.argument("device")
@click.argument("name")
@click.option("--version", "version_code", type=int, help="Version code of a release; the newest without it.")
@json_option
@pass_target
def assign(target: Target, device: str, name: str, version_code: int | None, as_json: bool) -> None:
    """Let DEVICE have the model NAME, whatever its programs ask for. A device that is away gets it when it comes back.

    \b
    Example:
      cygnet fleet model assign kitchen commands_en
      cygnet fleet model assign kitchen commands_en --version 3
    """
    path = f"/api/devices/{segment(device)}/models/{segment(name)}"
    release = target.ask("PUT", path, body={"version_code": version_code})
    if as_json:
        click.echo(json.dumps(release, indent=2))
    else:
        click.echo(
            f"{device} should have the model {name} {release['version_name']} (version {release['version_code']})."
        )


@model.command()
@click.argument("device")
@click.argument("name")
@pass_target
def unassign(target: Target, device: str, name: str) -> None:
    """Take the model NAME away from DEVICE. It stays for as long as programs there ask for it.

    \b
    Example:
      cygnet fleet model unassign kitchen commands_en
    """
    answer = target.ask("DELETE", f"/api/devices/{segment(device)}/models/{segment(name)}")
    if answer["programs"]:
        click.echo(f"{device} keeps the model {name} for {', '.join(answer['programs'])}.")
    else:
        click.echo(f"{device} should no longer have the model {name}.")
