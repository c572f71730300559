"""``cygnet fleet sign-in`` and ``sign-out``: an account's token, kept for the commands that follow."""

import asyncio
import socket
from pathlib import Path

import click

from firmware_tools.cli.fleet_operator import known_password, password_option
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.errors import FleetError

url_option = click.option("--url", default="", help="The fleet, as https://fleet.example; --fleet names it, too.")


@click.command("sign-in")
@url_option
@click.option("--name", help="The account; it is asked for otherwise.")
@click.option("--days", type=click.IntRange(1), help="How long the token is good.  [default: 90]")
@click.option("--plain-http", is_flag=True, help="Send the password unencrypted over the network.")
@password_option
@pass_target
def sign_in(
    target: Target, url: str, name: str | None, days: int | None, plain_http: bool, password_file: Path | None
) -> None:
    """Sign in to a fleet elsewhere, for the commands with --fleet that follow.

    The password is asked for, becomes a token, and is not kept. The token is in a file of your own, mode 0600.

    \b
    Example:
      cygnet fleet sign-in --url https://fleet.example --name ada
      cygnet fleet --fleet https://fleet.example devices
    """
    from firmware_tools.fleet.access import signing_in

    chosen = _url(target, url)
    if not plain_http and not signing_in.is_private(chosen):
        raise FleetError(
            f"{chosen} is not encrypted, and everybody on the way could read the password; put a proxy with TLS before "
            "the fleet, or give --plain-http"
        )
    name = name or click.prompt("Name", err=True)
    made = asyncio.run(
        signing_in.sign_in(chosen, name, known_password(password_file), f"sign-in on {socket.gethostname()[:40]}", days)
    )
    path = signing_in.keep_token(chosen, made["token"])
    click.echo(f"{name} is signed in to {chosen}; the token is in {path}.")


@click.command("sign-out")
@url_option
@pass_target
def sign_out(target: Target, url: str) -> None:
    """Revoke the token of `sign-in` and forget it.

    \b
    Example:
      cygnet fleet sign-out --url https://fleet.example
    """
    from firmware_tools.fleet.access import signing_in
    from firmware_tools.fleet.client import FleetClient

    chosen = _url(target, url)
    path = signing_in.token_path(chosen)
    if not path.exists():
        raise FleetError(f"nobody is signed in to {chosen} here")
    try:
        asyncio.run(FleetClient(chosen, signing_in.read_token(path)).call("DELETE", "/api/session"))
    except FleetError as error:
        if error.status != 401:
            raise
    signing_in.forget_token(chosen)
    click.echo(f"You are signed out of {chosen}.")


@click.command()
@json_option
@pass_target
def whoami(target: Target, as_json: bool) -> None:
    """Say as whom you use the fleet, and what you may.

    \b
    Example:
      cygnet fleet whoami
    """
    import json

    found = target.ask("GET", "/api/session")
    click.echo(json.dumps(found, indent=2) if as_json else f"{found['name']} ({found['role']})")


def _url(target: Target, url: str) -> str:
    chosen = url or target.url
    if not chosen:
        raise click.UsageError("name the fleet: --url https://fleet.example")
    return chosen.rstrip("/")
