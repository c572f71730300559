"""``cygnet fleet group`` and ``cygnet fleet tag``: which devices belong together."""

import json
from typing import Any

import click

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment


@click.group()
def group() -> None:
    """Groups of devices: lists, or queries that are evaluated anew each time.

    \b
    A query compares facts of devices:
      tag = kitchen and board in (virtual-speaker, pico-w)
      id ~ "hall-*" and not status = lost
      program(com.example.radio) < 4 or not model(commands_en)
    """


@group.command()
@click.argument("name")
@click.argument("devices", nargs=-1)
@click.option("--query", help="The group is by this query, and not a list of DEVICES.")
@click.option("--description", default="", help="What it is for.")
@json_option
@pass_target
def create(
    target: Target, name: str, devices: tuple[str, ...], query: str | None, description: str, as_json: bool
) -> None:
    """Make the group NAME, of DEVICES or by a query.

    \b
    Example:
      cygnet fleet group create kitchens kitchen-1 kitchen-2
      cygnet fleet group create beta --query 'tag = beta and not status = lost'
    """
    body = {"name": name, "query": query, "devices": list(devices), "description": description}
    _print(target.ask("POST", "/api/groups", body=body), as_json)


@group.command()
@click.argument("name")
@click.option("--query", help="Another query, of a group by query.")
@click.option("--add", multiple=True, metavar="DEVICE", help="Put a device into the list. May be repeated.")
@click.option("--remove", multiple=True, metavar="DEVICE", help="Take a device out of the list. May be repeated.")
@click.option("--description", help="What it is for.")
@json_option
@pass_target
def change(
    target: Target,
    name: str,
    query: str | None,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    description: str | None,
    as_json: bool,
) -> None:
    """Change the group NAME: who is in its list, or its query.

    \b
    Example:
      cygnet fleet group change kitchens --add kitchen-3 --remove kitchen-1
    """
    body = {"query": query, "add": list(add), "remove": list(remove), "description": description}
    _print(target.ask("PATCH", f"/api/groups/{segment(name)}", body=body), as_json)


@group.command("list")
@json_option
@pass_target
def list_groups(target: Target, as_json: bool) -> None:
    """List the groups, with how many devices are in each now.

    \b
    Example:
      cygnet fleet group list
    """
    answer = target.ask("GET", "/api/groups")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    if not answer["groups"]:
        click.echo("No groups yet. Make one: cygnet fleet group create beta --query 'tag = beta'")
    for found in answer["groups"]:
        _print(found, as_json=False)


@group.command()
@click.argument("name")
@json_option
@pass_target
def show(target: Target, name: str, as_json: bool) -> None:
    """Show the devices that are in the group NAME now.

    \b
    Example:
      cygnet fleet group show beta
    """
    found = target.ask("GET", f"/api/groups/{segment(name)}")
    _print(found, as_json)
    if not as_json:
        for device in found["members"]:
            click.echo(f"  {device}")


@group.command()
@click.argument("name")
@pass_target
def delete(target: Target, name: str) -> None:
    """Delete the group NAME. Its devices stay as they are.

    \b
    Example:
      cygnet fleet group delete beta
    """
    target.ask("DELETE", f"/api/groups/{segment(name)}")
    click.echo(f"Group {name} is deleted.")


@group.command()
@click.argument("text", metavar="QUERY")
@json_option
@pass_target
def query(target: Target, text: str, as_json: bool) -> None:
    """List the devices that QUERY takes now, without making a group.

    \b
    Example:
      cygnet fleet group query 'board = pico-w and program(com.example.radio) < 4'
    """
    answer = target.ask("GET", "/api/query", params={"q": text})
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for device in answer["devices"]:
        click.echo(device)
    if not answer["devices"]:
        click.echo("No device.", err=True)


@click.command()
@click.argument("device")
@click.argument("tags", nargs=-1)
@click.option("--remove", multiple=True, metavar="TAG", help="Take a tag away. May be repeated.")
@json_option
@pass_target
def tag(target: Target, device: str, tags: tuple[str, ...], remove: tuple[str, ...], as_json: bool) -> None:
    """Give DEVICE the TAGS, words by which groups find it.

    \b
    Example:
      cygnet fleet tag kitchen-1 beta floor:2
      cygnet fleet tag kitchen-1 --remove beta
    """
    body = {"add": list(tags), "remove": list(remove)}
    answer = target.ask("PATCH", f"/api/devices/{segment(device)}/tags", body=body)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(f"{device} has {'the tags ' + ', '.join(answer['tags']) if answer['tags'] else 'no tags'}.")


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    what = found["query"] if found["query"] is not None else "a list"
    number = found["devices"]
    click.echo(f"{found['name']}: {number} {'device' if number == 1 else 'devices'} now ({what})")
