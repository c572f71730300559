"""``cygnet fleet``: serve a fleet; publish to it, assign, watch."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from firmware_tools.cli import fleet_tables
from firmware_tools.cli.fleet_api import api
from firmware_tools.cli.fleet_audit import audit
from firmware_tools.cli.fleet_broker_config import broker_config
from firmware_tools.cli.fleet_claim import claim
from firmware_tools.cli.fleet_count import count
from firmware_tools.cli.fleet_group import group, tag
from firmware_tools.cli.fleet_health import health
from firmware_tools.cli.fleet_identity import identity
from firmware_tools.cli.fleet_model import model
from firmware_tools.cli.fleet_operator import operator
from firmware_tools.cli.fleet_overview import overview, search, show
from firmware_tools.cli.fleet_privacy import privacy
from firmware_tools.cli.fleet_rollout import rollout
from firmware_tools.cli.fleet_runtime import runtime
from firmware_tools.cli.fleet_screen import screen
from firmware_tools.cli.fleet_settings import settings
from firmware_tools.cli.fleet_sign_in import sign_in, sign_out, whoami
from firmware_tools.cli.fleet_simulate import simulate
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.cli.fleet_telemetry import telemetry
from firmware_tools.cli.fleet_trust import trust
from firmware_tools.cli.fleet_worker import worker, workers
from firmware_tools.fleet.client import segment
from firmware_tools.fleet.enroll import Provisioning
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import (
    DEFAULT_BROKER,
    DEFAULT_LISTEN,
    FleetHome,
    check_broker_url,
    default_home,
    init_home,
    toml_string,
)

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
@click.option("--home", type=click.Path(path_type=Path), help="The fleet's home directory.  [env: CYGNET_FLEET_HOME]")
@click.option("--fleet", "url", envvar="CYGNET_FLEET_URL", default="", help="URL of a fleet that runs elsewhere.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    envvar="CYGNET_FLEET_TOKEN_FILE",
    help="Token of that fleet, in a file.  [env: CYGNET_FLEET_TOKEN_FILE]",
)
@click.pass_context
def fleet(context: click.Context, home: Path | None, url: str, token_file: Path | None) -> None:
    """Serve a fleet; publish, assign, watch.

    \b
    From nothing to a device in step:
      cygnet fleet init north
      cygnet fleet serve --with-broker
      cygnet fleet enroll kitchen --out kitchen.toml
      cygnet fleet publish my-program
      cygnet fleet assign kitchen com.example.my-program --launch
      cygnet fleet devices

    Commands other than init, serve and broker talk to a running fleet: the one of the home directory, or with
    --fleet one elsewhere, to which you have signed in with `cygnet fleet sign-in`, or whose token is in --token-file or
    $CYGNET_FLEET_TOKEN.
    """
    # The token is no option: arguments are visible to every user of a machine.
    token = os.environ.get("CYGNET_FLEET_TOKEN", "")
    context.obj = Target(FleetHome(home or default_home()), url, token_file, token)


fleet.add_command(health)
fleet.add_command(api)
fleet.add_command(runtime)
fleet.add_command(model)
fleet.add_command(settings)
fleet.add_command(screen)
fleet.add_command(simulate)
fleet.add_command(trust)
fleet.add_command(telemetry)
fleet.add_command(count)
fleet.add_command(group)
fleet.add_command(tag)
fleet.add_command(rollout)
fleet.add_command(operator)
fleet.add_command(privacy)
fleet.add_command(audit)
fleet.add_command(sign_in)
fleet.add_command(sign_out)
fleet.add_command(whoami)
for command in (worker, workers, identity, claim, broker_config, overview, search, show):
    fleet.add_command(command)


@fleet.command("copy-database")
@click.option("--to", "url", required=True, help="SQLAlchemy URL of an empty database, without a password in it.")
@pass_target
def copy_database(target: Target, url: str) -> None:
    """Copy the fleet's database into another one, as from SQLite into PostgreSQL. No fleet may run meanwhile.

    Afterwards write the URL into fleet.toml ([database] url). A password belongs into ~/.pgpass or $PGPASSWORD.

    \b
    Example:
      cygnet fleet copy-database --to 'postgresql+psycopg://cygnet@db.example/fleet'
    """
    from firmware_tools.fleet.server import copy_fleet_database

    rows = copy_fleet_database(target.home, url, lambda name, count: click.echo(f"{name}: {count}", err=True))
    click.echo(
        f"{rows} rows are copied. Now write into {target.home.settings_file}:\n\n[database]\nurl = {toml_string(url)}"
    )


@fleet.command()
@click.argument("name")
@click.option("--broker", default=DEFAULT_BROKER, show_default=True, help="URL of the broker.")
@click.option("--listen", default=DEFAULT_LISTEN, show_default=True, help="Address of the operator page.")
@click.option("--database", default="", help="A SQLAlchemy URL; by default a SQLite file in the home.")
@pass_target
def init(target: Target, name: str, broker: str, listen: str, database: str) -> None:
    """Make a fleet called NAME: its home directory, key, operator token and settings.

    \b
    Example:
      cygnet fleet init north
      cygnet fleet init north --broker mqtts://broker.example --listen 0.0.0.0:8420
    """
    made = init_home(target.home.directory, name, broker, listen, database)
    click.echo(f"Fleet {name} lives in {made.directory}.")
    if broker.startswith("mqtts:"):  # the embedded broker speaks no TLS
        click.echo(f"Next: cygnet fleet serve   (with a broker at {broker}; its CA and user are set in fleet.toml)")
    else:
        click.echo(f"Next: cygnet fleet serve --with-broker   (or without, if a broker runs at {broker})")


@fleet.command()
@click.option("--with-broker", is_flag=True, help="Start the embedded broker at the address in fleet.toml, too.")
@click.option("--quiet", is_flag=True, help="Log warnings only.")
@pass_target
def serve(target: Target, with_broker: bool, quiet: bool) -> None:
    """Run the fleet: its MQTT side, its operator page and API. Ctrl-C ends it.

    \b
    Example:
      cygnet fleet serve --with-broker
    """
    from firmware_tools.cli import fleet_serve  # here, since the database and the web server load slowly

    fleet_serve.serve(target.home, with_broker=with_broker, quiet=quiet)


@fleet.command()
@click.option("--listen", default="127.0.0.1:1883", show_default=True, help="Address; port 0 takes any free one.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Users and their passwords; without it, anyone on this machine may connect and nobody else.",
)
@click.option("--while-stdin", is_flag=True, hidden=True, help="End when standard input does: with who started it.")
def broker(listen: str, password_file: Path | None, while_stdin: bool) -> None:
    """Run the embedded MQTT broker, for a desk or a workshop.

    It keeps nothing across a restart, and need not: the fleet publishes again what devices should have. With a
    password file, the user `fleet` may use all topics and every other user those of the device of that name.

    \b
    Example:
      cygnet fleet broker --listen 127.0.0.1:1883
    """
    from firmware_tools.cli import fleet_serve

    fleet_serve.run_broker(listen, password_file, while_stdin=while_stdin)


@fleet.command("content-worker")
@click.option("--number", default=1, show_default=True, help="Which of the workers in fleet.toml it is.")
@click.option("--quiet", is_flag=True, help="Log warnings only.")
@pass_target
def content_worker(target: Target, number: int, quiet: bool) -> None:
    """Give content to devices, beside `cygnet fleet serve`. Ctrl-C ends it.

    `workers` in [content] of fleet.toml says how many there are. Where the broker has shared subscriptions any number
    may run and the numbers mean nothing; where it has none, each of them has to run, once.

    \b
    Example:
      cygnet fleet content-worker --number 1
    """
    from firmware_tools.cli import fleet_serve

    fleet_serve.serve_content(target.home, number, quiet=quiet)


@fleet.command("broker-user")
@click.argument("user")
@click.option("--password-file", type=click.Path(path_type=Path, dir_okay=False), required=True)
def broker_user(user: str, password_file: Path) -> None:
    """Add USER to a password file of the embedded broker, or change the password.

    \b
    Example:
      cygnet fleet broker-user kitchen --password-file broker.passwords
    """
    from firmware_tools.cli import fleet_serve

    # Never an option: arguments are visible to every user of a machine.
    password = click.prompt("Password", hide_input=True, confirmation_prompt=sys.stdin.isatty())
    fleet_serve.set_broker_password(user, password, password_file)
    click.echo(f"{password_file} now lets {user} in.")


@fleet.command()
@pass_target
def page(target: Target) -> None:
    """Print the link that opens the operator page signed in.

    \b
    Example:
      xdg-open "$(cygnet fleet page)"
    """
    client = target.client()
    asyncio.run(client.call("GET", "/api/fleet"))
    click.echo(client.page_link())


@fleet.command()
@click.argument("device")
@click.option("--name", default="", help="What people call it.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here; otherwise it is printed.")
@click.option("--broker", "broker_url", default="", help="URL of the broker as this device reaches it.")
@click.option("--username", default="", help="The device's user at the broker.")
@click.option("--password-file", default="", help="File ON THE DEVICE with its broker password.")
@click.option("--ca", default="", help="File ON THE DEVICE: who signed the broker's certificate.")
@click.option("--cert", default="", help="File ON THE DEVICE: its own certificate.")
@click.option("--key", default="", help="File ON THE DEVICE: the key of that certificate.")
@click.option("--mac", is_flag=True, help="For a board that cannot afford Ed25519: a key of its own. Needs --json.")
@json_option
@pass_target
def enroll(
    target: Target, /, device: str, name: str, out: Path | None, broker_url: str, mac: bool, as_json: bool, **files: str
) -> None:
    """Let DEVICE into the fleet, and write what it must be told (its provisioning file).

    The file holds no secret. Enrolling a device again changes nothing but its name, and writes the file again.

    \b
    Example:
      cygnet fleet enroll kitchen --name "Kitchen speaker" --out kitchen.toml
      cygnet device run --board virtual-speaker --provisioning kitchen.toml
    """
    if broker_url:
        check_broker_url(broker_url, "the broker")
    if mac and not as_json:
        raise click.UsageError("--mac needs --json: the key is a secret, and goes into no file unasked")
    answer = target.ask("POST", "/api/devices", body={"device": device, "name": name, "mac": mac})
    provisioning = Provisioning(
        answer["fleet"],
        answer["device"],
        broker_url or answer["broker"],
        answer["fleet_key"],
        root=answer.get("root", ""),
        **files,
    )
    if out is not None:
        _write(out, provisioning.to_toml())
    if as_json:
        click.echo(json.dumps({**answer, "broker": provisioning.broker, "toml": provisioning.to_toml()}, indent=2))
    elif out is not None:
        click.echo(f"{device} is {'enrolled' if answer['new'] else 'enrolled already'}; {out} is for it to read.")
    else:
        click.echo(provisioning.to_toml(), nl=False)


@fleet.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@json_option
@pass_target
def publish(target: Target, source: Path, as_json: bool) -> None:
    """Publish a program: SOURCE is a package (.ma) or the folder of a program, which is then built.

    The fleet signs the release with its own key. A version that is published stays as it is: to publish a change,
    raise version.code first.

    \b
    Example:
      cygnet fleet publish examples/weather
      cygnet fleet publish weather.ma
    """
    data = _build(source) if source.is_dir() else _read(source)
    name = source.resolve().name
    release = target.ask("POST", "/api/releases", params={"name": name}, data=data)
    if as_json:
        click.echo(json.dumps(release, indent=2))
        return
    what = "published" if release["new"] else "published already"
    click.echo(f"{release['app_id']} {release['version_name']} (version {release['version_code']}) is {what}.")


@fleet.command()
@click.argument("device")
@click.argument("app_id")
@click.option("--version", "version_code", type=int, help="Version code of a release; the newest without it.")
@click.option("--launch", is_flag=True, help="Bring it to the foreground when it is installed.")
@json_option
@pass_target
def assign(target: Target, device: str, app_id: str, version_code: int | None, launch: bool, as_json: bool) -> None:
    """Let DEVICE have the program APP_ID. A device that is away gets it when it comes back.

    \b
    Example:
      cygnet fleet assign kitchen cygnet.examples.weather --launch
      cygnet fleet assign kitchen cygnet.examples.weather --version 3
    """
    path = f"/api/devices/{segment(device)}/programs/{segment(app_id)}"
    release = target.ask("PUT", path, body={"version_code": version_code, "launch": launch})
    if as_json:
        click.echo(json.dumps(release, indent=2))
    else:
        click.echo(f"{device} should have {app_id} {release['version_name']} (version {release['version_code']}).")
        fleet_tables.print_models_of_program(release["models"])


@fleet.command()
@click.argument("device")
@click.argument("app_id")
@pass_target
def unassign(target: Target, device: str, app_id: str) -> None:
    """Take the program APP_ID away from DEVICE.

    \b
    Example:
      cygnet fleet unassign kitchen cygnet.examples.weather
    """
    target.ask("DELETE", f"/api/devices/{segment(device)}/programs/{segment(app_id)}")
    click.echo(f"{device} should no longer have {app_id}.")


@fleet.command()
@json_option
@pass_target
def devices(target: Target, as_json: bool) -> None:
    """List devices: whether they are there, what they should have and what they have.

    \b
    Example:
      cygnet fleet devices
      cygnet fleet devices --json | jq -r '.devices[] | select(.status == "lost") | .id'
    """
    answer = target.ask("GET", "/api/devices")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        fleet_tables.print_devices(answer["devices"], target.ask("GET", "/api/fleet"))


@fleet.command()
@json_option
@pass_target
def releases(target: Target, as_json: bool) -> None:
    """List what is published.

    \b
    Example:
      cygnet fleet releases
    """
    answer = target.ask("GET", "/api/releases")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        fleet_tables.print_releases(answer["releases"])


def _build(folder: Path) -> bytes:
    # Loaded here: the compilers are of no use to who publishes packages.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from firmware_tools.build.program import build_program

    # The fleet puts its own signature in place of this one, so any key will do.
    built = build_program(folder, Ed25519PrivateKey.generate())
    for warning in built.warnings:
        click.echo(f"{click.style('note:', fg='yellow')} {warning}", err=True)
    return built.data


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FleetError(f"{path} cannot be read: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FleetError(f"{path} cannot be written: {error.strerror}") from error
