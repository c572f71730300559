"""``cygnet fleet claim``: codes with which devices join, once each."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from device_runtime.sealed.durable import disk_sentence, write_secret
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment
from firmware_tools.fleet.errors import FleetError


@click.group()
def claim() -> None:
    """Let devices in by code: single-use, and good for some days.

    \b
    Example:
      cygnet fleet claim create --device kitchen
      cygnet fleet claim list
    """


@claim.command()
@click.option("--count", default=1, show_default=True, help="How many codes.")
@click.option("--device", help="The id that the device gets; without it, the device proposes one.")
@click.option("--tag", "tags", multiple=True, help="A tag that the device gets.")
@click.option("--days", default=30.0, show_default=True, help="How long the codes are good.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write them here, as CSV.")
@json_option
@pass_target
def create(
    target: Target, count: int, device: str | None, tags: tuple[str, ...], days: float, out: Path | None, as_json: bool
) -> None:
    """Make claim codes. They are shown this once: the fleet keeps none of them.

    \b
    Example:
      cygnet fleet claim create --device kitchen --tag kitchen
      cygnet fleet claim create --count 200 --tag batch:7 --out codes.csv
    """
    if out is not None and out.exists():
        raise FleetError(f"{out} exists; codes are never written over others: name another file")
    body = {"count": count, "device": device, "tags": list(tags), "days": days}
    codes = target.ask("POST", "/api/claims", body=body)["codes"]
    if out is not None:
        _write(out, codes)
    if as_json:
        click.echo(json.dumps(codes, indent=2))
    elif out is not None:
        click.echo(f"{len(codes)} claim codes are in {out}; whoever reads it can let devices in.")
    else:
        for code in codes:
            click.echo(f"{code['code']}   {code['device'] or 'any device'}, until {_date(code['expires'])}")


@claim.command("list")
@click.option("--state", type=click.Choice(["open", "used", "expired", "revoked"]), help="Only claims in this state.")
@json_option
@pass_target
def list_claims(target: Target, state: str | None, as_json: bool) -> None:
    """List claims, newest first, without their codes.

    \b
    Example:
      cygnet fleet claim list
      cygnet fleet claim list --state open
    """
    claims = target.whole("/api/claims", "claims", **({} if state is None else {"state": state}))["claims"]
    if as_json:
        click.echo(json.dumps(claims, indent=2))
        return
    if not claims:
        click.echo("There are no claims; `cygnet fleet claim create` makes one.")
    for each in claims:
        used = f"by {each['used_by']}" if each["used_by"] else f"until {_date(each['expires'])}"
        click.echo(f"{each['id']}  {each['state']:<8} {each['device'] or 'any device':<24} {used}")


@claim.command()
@click.argument("claim_id")
@pass_target
def revoke(target: Target, claim_id: str) -> None:
    """Let the code of a claim be good no more.

    \b
    Example:
      cygnet fleet claim revoke 0123456789ab
    """
    target.ask("DELETE", f"/api/claims/{segment(claim_id)}")
    click.echo(f"The code of claim {claim_id} is good no more.")


def _write(path: Path, codes: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "code", "device", "tags", "expires"])
    for code in codes:
        writer.writerow(
            [code["id"], code["code"], code["device"] or "", " ".join(code["tags"]), _date(code["expires"])]
        )
    try:
        write_secret(path, text.getvalue().encode())
    except OSError as error:
        raise FleetError(
            f"{path} cannot be written: {disk_sentence(error)}; the {len(codes)} codes are lost, revoke their claims"
        ) from error


def _date(when: float) -> str:
    return str(datetime.fromtimestamp(when, UTC).date())
