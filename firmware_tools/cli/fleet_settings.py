"""``cygnet fleet settings``: what devices follow in place of their board file."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment
from firmware_tools.fleet.errors import FleetError


@click.group()
def settings() -> None:
    """Set things on devices: when and how they update, and how many bytes their telemetry may use.

    A set has a name and versions. A device follows a set in place of its board file until the set is taken away. Sets
    go to single devices with `assign`, and to groups in stages with `cygnet fleet rollout create NAME --kind settings`.

    \b
    Example:
      cygnet fleet settings publish nights update.windows='["01:00-05:00"]' update.idle_minutes=10
      cygnet fleet settings assign kitchen nights
    """


@settings.command()
@click.argument("name")
@click.argument("assignments", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A TOML file of settings."
)
@json_option
@pass_target
def publish(target: Target, name: str, assignments: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Publish the set NAME with these settings, as its next version. What it had before and is not named is not in it.

    A VALUE is JSON, or in a file TOML: a number, true or false, or a list of times of day. `list` shows what there is
    to be set.

    \b
    Example:
      cygnet fleet settings publish nights update.windows='["01:00-05:00"]' update.quiet=false
      cygnet fleet settings publish metered --file metered.toml
    """
    values = {**(_read(file) if file else {}), **dict(_assignment(text) for text in assignments)}
    release = target.ask("POST", "/api/settings", body={"name": name, "values": values})
    if as_json:
        click.echo(json.dumps(release, indent=2))
    elif release["new"]:
        click.echo(f"Settings {name} version {release['version_code']} are published.")
    else:
        click.echo(f"Settings {name} are the same already, in version {release['version_code']}.")


@settings.command("list")
@json_option
@pass_target
def list_settings(target: Target, as_json: bool) -> None:
    """List what is published, the newest version first, and what can be set.

    \b
    Example:
      cygnet fleet settings list
    """
    answer = target.ask("GET", "/api/settings")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    if not answer["settings"]:
        click.echo("No settings yet. Publish some: cygnet fleet settings publish NAME SETTING=VALUE")
    for release in answer["settings"]:
        values = ", ".join(f"{name}={json.dumps(value)}" for name, value in release["values"].items())
        click.echo(f"{release['name']} version {release['version_code']}: {values}")
    _print_known(answer["known"])


@settings.command()
@click.argument("device")
@click.argument("name")
@click.option("--version", "version_code", type=int, help="A version; the newest without it.")
@json_option
@pass_target
def assign(target: Target, device: str, name: str, version_code: int | None, as_json: bool) -> None:
    """Let DEVICE follow the settings NAME. A device that is away gets them when it comes back.

    \b
    Example:
      cygnet fleet settings assign kitchen nights
    """
    path = f"/api/devices/{segment(device)}/settings/{segment(name)}"
    release = target.ask("PUT", path, body={"version_code": version_code})
    if as_json:
        click.echo(json.dumps(release, indent=2))
    else:
        click.echo(f"{device} should follow the settings {name} version {release['version_code']}.")


@settings.command()
@click.argument("device")
@click.argument("name")
@pass_target
def unassign(target: Target, device: str, name: str) -> None:
    """Take the settings NAME away from DEVICE, where its board file holds again.

    \b
    Example:
      cygnet fleet settings unassign kitchen nights
    """
    target.ask("DELETE", f"/api/devices/{segment(device)}/settings/{segment(name)}")
    click.echo(f"{device} goes by its board file again, as far as {name} is concerned.")


def _assignment(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"{text!r} is no SETTING=VALUE, such as update.quiet=false")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(
            f"the value of {name} is not JSON: {value!r}; write a number, true, false, or '[\"01:00-05:00\"]'"
        ) from error


def _read(file: Path) -> dict[str, Any]:
    """The settings of a TOML file, in which ``[update]`` with ``quiet`` is ``update.quiet``."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FleetError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"{file} is not TOML: {error}") from error
    values: dict[str, Any] = {}
    for name, value in document.items():
        inner = value if isinstance(value, Mapping) else {"": value}
        values |= {f"{name}.{member}".rstrip("."): item for member, item in inner.items()}
    return values


def _print_known(known: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, title="What can be set", title_justify="left")
    for heading in ("SETTING", "VALUE", "WHAT IT IS FOR"):
        table.add_column(heading, overflow="fold")
    for setting in known:
        table.add_row(setting["name"], Text(setting["value"]), Text(setting["doc"]))
    click.echo()
    Console().print(table)
