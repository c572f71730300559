"""``cygnet fleet operator``: who may use the fleet, and how much of it."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment
from firmware_tools.fleet.errors import FleetError

ROLES = ("viewer", "operator", "admin")

role_option = click.option(
    "--role", type=click.Choice(ROLES), required=True, help="What it may; each more than before."
)
password_option = click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Read the password from this file, or with - from standard input; it is asked for otherwise.",
)


@click.group()
def operator() -> None:
    """Give people accounts: viewers look, operators change, admins say who may.

    A fleet without accounts is used with the operator token of its home alone; that token stays an admin whatever
    happens to accounts.

    \b
    Example:
      cygnet fleet operator add ada --role admin
      cygnet fleet operator token create ada --name ci --days 90
    """


@operator.command()
@click.argument("name")
@role_option
@password_option
@json_option
@pass_target
def add(target: Target, name: str, role: str, password_file: Path | None, as_json: bool) -> None:
    """Make the account NAME. The password is asked for twice, or read from a file; it is never an argument.

    \b
    Example:
      cygnet fleet operator add ada --role operator
      pass show fleet/ada | cygnet fleet operator add ada --role operator --password-file -
    """
    body = {"name": name, "role": role, "password": new_password(password_file)}
    made = target.ask("POST", "/api/operators", body=body)
    _say(made, as_json, f"{name} is {_a(role)} now.")


@operator.command("list")
@json_option
@pass_target
def list_operators(target: Target, as_json: bool) -> None:
    """List the accounts.

    \b
    Example:
      cygnet fleet operator list
    """
    answer = target.ask("GET", "/api/operators")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for row in answer["operators"]:
        seen = "never" if row["last_seen"] is None else _when(row["last_seen"])
        state = "disabled" if row["disabled"] else "enabled"
        click.echo(f"{row['name']:24} {row['role']:9} {state:9} last seen {seen}")
    if not answer["operators"]:
        click.echo("There are no accounts; the operator token of the home does everything.")


@operator.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@json_option
@pass_target
def change_role(target: Target, name: str, role: str, as_json: bool) -> None:
    """Give the account NAME another ROLE, from its next request on.

    \b
    Example:
      cygnet fleet operator role ada admin
    """
    _say(_change(target, name, role=role), as_json, f"{name} is {_a(role)} now.")


@operator.command()
@click.argument("name")
@json_option
@pass_target
def disable(target: Target, name: str, as_json: bool) -> None:
    """Let the account NAME in no more: its sessions end, its tokens do not work while it is disabled.

    \b
    Example:
      cygnet fleet operator disable ada
    """
    _say(_change(target, name, disabled=True), as_json, f"{name} is disabled.")


@operator.command()
@click.argument("name")
@json_option
@pass_target
def enable(target: Target, name: str, as_json: bool) -> None:
    """Let the account NAME in again.

    \b
    Example:
      cygnet fleet operator enable ada
    """
    _say(_change(target, name, disabled=False), as_json, f"{name} is enabled.")


@operator.command()
@click.argument("name")
@pass_target
def remove(target: Target, name: str) -> None:
    """Remove the account NAME with its tokens. What it did stays in the audit log.

    \b
    Example:
      cygnet fleet operator remove ada
    """
    target.ask("DELETE", f"/api/operators/{segment(name)}")
    click.echo(f"{name} is removed.")


@operator.command()
@click.argument("name")
@password_option
@pass_target
def password(target: Target, name: str, password_file: Path | None) -> None:
    """Give the account NAME a new password; its sessions end. For your own, the current one is asked for first.

    With --password-file and your own account, the file's first line is the current password, its second the new one.

    \b
    Example:
      cygnet fleet operator password ada
    """
    body: dict[str, str] = {}
    if target.ask("GET", "/api/session")["name"] == name:
        if password_file is not None:
            lines = _lines(password_file)
            if len(lines) < 2:
                raise FleetError("the file must hold the current password in its first line, the new one in its second")
            body = {"current": lines[0], "password": lines[1]}
        else:
            body = {"current": click.prompt("Current password", hide_input=True, err=True)}
    if "password" not in body:
        body["password"] = new_password(password_file)
    target.ask("PATCH", f"/api/operators/{segment(name)}", body=body)
    click.echo(f"{name} has a new password, and is signed out elsewhere.")


@operator.command("renew-owner-token")
@pass_target
def renew_owner_token(target: Target) -> None:
    """Put a new operator token into the fleet's home, as when the old one was seen by somebody. It counts at once.

    Works on the machine of the home only; links of `cygnet fleet page` from before open nothing any more.

    \b
    Example:
      cygnet fleet operator renew-owner-token
    """
    from firmware_tools.fleet.access.owner import renew
    from firmware_tools.fleet.audit.home import record_from_home

    target.home.settings()  # refuses where no fleet lives
    renew(target.home.token_file)
    record_from_home(target.home, "owner.renew-token")
    click.echo(f"{target.home.token_file} holds a new token; the old one is worth nothing any more.")


@operator.group()
def token() -> None:
    """Tokens of an account, for scripts. Each may what its account may.

    \b
    Example:
      cygnet fleet operator token create ada --name ci --days 90
    """


@token.command("create")
@click.argument("operator_name", metavar="NAME")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1), help="How long it is good.  [default: 90]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it here, mode 0600, unseen.")
@json_option
@pass_target
def create_token(
    target: Target, operator_name: str, name: str, days: int | None, out: Path | None, as_json: bool
) -> None:
    """Make a token of the account NAME. It is shown once: the fleet keeps only a hash.

    \b
    Example:
      cygnet fleet operator token create ada --name ci --days 90
      cygnet fleet operator token create ada --name ci --out ci.token
    """
    body = {"name": name, **({} if days is None else {"days": days})}
    made = target.ask("POST", f"/api/operators/{segment(operator_name)}/tokens", body=body)
    if out is not None:
        write_secret(out, made.pop("token"))
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    where = f"It is in {out}." if out is not None else "This is shown once:"
    click.echo(
        f"Token {made['id']} ({name}) of {operator_name} is good until {_when(made['expires'])}. {where}", err=True
    )
    if out is None:
        click.echo(made["token"])


@token.command("list")
@click.argument("operator_name", metavar="NAME")
@json_option
@pass_target
def list_tokens(target: Target, operator_name: str, as_json: bool) -> None:
    """List the tokens of the account NAME, without what they are.

    \b
    Example:
      cygnet fleet operator token list ada
    """
    answer = target.ask("GET", f"/api/operators/{segment(operator_name)}/tokens")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for row in answer["tokens"]:
        used = "never used" if row["last_used"] is None else f"last used {_when(row['last_used'])}"
        ends = "expired" if row["expires"] <= time.time() else "good until"
        click.echo(f"{row['id']}  {row['name']:24} {ends} {_when(row['expires'])}, {used}")
    if not answer["tokens"]:
        click.echo(f"{operator_name} has no tokens.")


@token.command("revoke")
@click.argument("operator_name", metavar="NAME")
@click.argument("token_id", metavar="ID")
@pass_target
def revoke_token(target: Target, operator_name: str, token_id: str) -> None:
    """Revoke the token ID of the account NAME; it is worth nothing from its next request on.

    \b
    Example:
      cygnet fleet operator token revoke ada 6f1d2c3b4a59
    """
    target.ask("DELETE", f"/api/operators/{segment(operator_name)}/tokens/{segment(token_id)}")
    click.echo(f"Token {token_id} of {operator_name} is revoked.")


def new_password(file: Path | None) -> str:
    """A new password, asked for twice or read from a file."""
    if file is not None:
        lines = _lines(file)
        return lines[0] if lines else ""
    # Never an option: arguments are visible to every user of a machine.
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=sys.stdin.isatty(), err=True)
    return asked


def known_password(file: Path | None) -> str:
    """A password that is set already, asked for once or read from a file."""
    if file is not None:
        lines = _lines(file)
        return lines[0] if lines else ""
    asked: str = click.prompt("Password", hide_input=True, err=True)
    return asked


def write_secret(path: Path, text: str) -> None:
    """Write a file that only this user can read, and that was not there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise FleetError(f"{path} exists and is not overwritten; revoke the token that was made") from error
    except OSError as error:
        raise FleetError(f"{path} cannot be written: {error.strerror}; revoke the token that was made") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def _lines(file: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise FleetError(f"the password file {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FleetError(f"the password file {file} holds no password: it is not text") from error
    return text.splitlines()


def _change(target: Target, name: str, **body: Any) -> Any:
    return target.ask("PATCH", f"/api/operators/{segment(name)}", body=body)


def _say(document: Any, as_json: bool, sentence: str) -> None:
    click.echo(json.dumps(document, indent=2) if as_json else sentence)


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'ao' else 'a'} {role}"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
