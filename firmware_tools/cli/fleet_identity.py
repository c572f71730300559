"""``cygnet fleet identity``: the fleet's CA, and what it issues."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment

if TYPE_CHECKING:  # the database is loaded by the commands that need it
    from firmware_tools.fleet.identity.office import IdentityOffice

_KEY = click.Path(path_type=Path, dir_okay=False)


@click.group()
def identity() -> None:
    """Give each device a certificate of its own.

    A fleet with a CA lets devices in by claim code, renews their certificates, and writes the configuration of a
    broker at which each device can touch its own topics and no others.

    \b
    From nothing to a device with a certificate:
      cygnet fleet identity init --server broker.example
      cygnet fleet broker-config mosquitto --out /etc/mosquitto/north
      cygnet fleet claim create --device kitchen
      cygnet device claim --bundle north-claim          (on the device)
    """


@identity.command()
@click.option("--root-key", type=_KEY, help="Write the root's key here, as onto a drive that is then put away.")
@click.option("--server", "servers", multiple=True, metavar="NAME", help="A name or address of the broker.")
@pass_target
def init(target: Target, root_key: Path | None, servers: tuple[str, ...]) -> None:
    """Make the fleet's CA, its own certificate, and the bundle with which devices claim.

    \b
    Example:
      cygnet fleet identity init --server broker.example --root-key /media/vault/north-root.key
    """
    office = _office(target)
    made = office.init(root_key, servers)
    _record(target, "init", "", {"servers": list(servers)})
    click.echo(f"The CA is made. Keep {root_key or 'keys/identity/'} safe: whoever has it can be any device.")
    click.echo(f"Devices that have no identity need the bundle {made.bundle}; it lets them do nothing but claim.")
    if not servers:
        click.echo("Next: cygnet fleet identity server NAME   (the broker's certificate, for each name that it has)")
    click.echo("Next: cygnet fleet broker-config mosquitto --out DIR")
    click.echo(f"And in {target.home.settings_file}:\n")
    click.echo('[broker]\nurl = "mqtts://…"\nca = "identity/ca.pem"\ncert = "identity/services/fleet.pem"')
    click.echo('key = "identity/services/fleet.key"')


@identity.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--cluster", is_flag=True, help="Nodes of a cluster know each other by it, too.")
@pass_target
def server(target: Target, names: tuple[str, ...], cluster: bool) -> None:
    """Make the broker's certificate, for every name and address by which anybody calls it.

    \b
    Example:
      cygnet fleet identity server broker.example 192.0.2.7
      cygnet fleet identity server --cluster broker.example a.example b.example c.example
    """
    office = _office(target)
    made = office.server(names, cluster=cluster)
    _record(target, "server", "", {"names": list(names), "cluster": cluster})
    click.echo(f"The broker's certificate is good until {made.not_valid_after_utc.date()}.")
    click.echo("Next: cygnet fleet broker-config mosquitto --out DIR   (and restart the broker)")


@identity.command()
@click.argument("names", nargs=-1, required=True)
@pass_target
def service(target: Target, names: tuple[str, ...]) -> None:
    """Make, or make anew, certificates of the fleet's own clients: fleet, worker-NUMBER or content-NUMBER.

    \b
    Example:
      cygnet fleet identity service content-1
      cygnet fleet identity service content-1 content-2 worker-1 worker-2
    """
    office = _office(target)
    for name in names:
        made = office.service(name)
        _record(target, "service", name)
        click.echo(f"{made} is made. Write the broker's configuration again.")


@identity.command()
@click.argument("name")
@pass_target
def provisioning(target: Target, name: str) -> None:
    """Make one more provisioning certificate, with a bundle of its own: for a maker, or a line that makes devices.

    \b
    Example:
      cygnet fleet identity provisioning line-2
    """
    made = _office(target).provisioning(name)
    _record(target, "provisioning", name)
    click.echo(f"The bundle {made} is made. Write the broker's configuration again.")


@identity.command()
@click.argument("device")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for its identity.")
@pass_target
def issue(target: Target, device: str, out: Path) -> None:
    """Make key and certificate of DEVICE here, for what is provisioned by cable. The folder is a secret.

    \b
    Example:
      cygnet fleet identity issue kitchen --out kitchen-identity
    """
    made = _office(target).issue(device, out)
    _record(target, "issue", device)
    click.echo(f"{made} is for {device} to read; its folder holds the key.")


@identity.command()
@click.argument("device")
@click.option("--reason", default="", help="Why, for the record.")
@pass_target
def revoke(target: Target, device: str, reason: str) -> None:
    """Revoke the certificates of DEVICE: no broker lets it in, and the fleet hears it no more.

    A new claim code for it lets it in again: cygnet fleet claim create --device DEVICE

    \b
    Example:
      cygnet fleet identity revoke kitchen --reason stolen
    """
    path = f"/api/devices/{segment(device)}/certificates/revoke"
    count = target.ask("POST", path, body={"reason": reason})["revoked"]
    click.echo(f"{device} is not heard any more; {count} certificate{'s' if count != 1 else ''} of it revoked.")


@identity.command()
@click.argument("name")
@pass_target
def withdraw(target: Target, name: str) -> None:
    """Revoke a provisioning certificate (claim-…), or that of one of the fleet's own clients.

    \b
    Example:
      cygnet fleet identity withdraw claim-0123456789ab
      cygnet fleet identity withdraw content-2
    """
    count = _office(target).withdraw(name)
    _record(target, "withdraw", name)
    click.echo(f"{count} certificate{'s' if count != 1 else ''} of {name} revoked. Write the broker's configuration.")


@identity.command("rotate-ca")
@click.option("--finish", is_flag=True, help="Trust the former CA no more.")
@click.option("--force", is_flag=True, help="With --finish: though devices have certificates of the former CA still.")
@click.option("--root-key", type=_KEY, help="Write the new root's key here.")
@pass_target
def rotate_ca(target: Target, finish: bool, force: bool, root_key: Path | None) -> None:
    """Make another CA. Both are trusted until every device has a certificate of the new one.

    \b
    Example:
      cygnet fleet identity rotate-ca
      cygnet fleet identity status
      cygnet fleet identity rotate-ca --finish
    """
    office = _office(target)
    if finish:
        anew = office.finish_rotation(force=force)
        _record(target, "finish-rotation", "", {"force": force})
        click.echo(f"The former CA is trusted no more. Made anew: {', '.join(anew)}.")
        click.echo("Next: write the broker's configuration, then restart the broker and the fleet.")
        return
    office.rotate(root_key)
    _record(target, "rotate-ca")
    click.echo("Two CAs are trusted now. Next: write the broker's configuration, and restart the broker.")
    click.echo(
        "Devices get new certificates within a day of being online, and microcontrollers over the cable; "
        "`cygnet fleet identity status` counts them."
    )
    click.echo("Then: cygnet fleet identity rotate-ca --finish")


@identity.command()
@json_option
@pass_target
def status(target: Target, as_json: bool) -> None:
    """Say what expires when, how many devices have certificates, and how many claims are open.

    \b
    Example:
      cygnet fleet identity status
    """
    found = _office(target).status()
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    if not found.active:
        click.echo("This fleet has no CA; make one with `cygnet fleet identity init`.")
        return
    for each in found.own:
        mark = "   expires soon" if each.name in found.soon else ""
        click.echo(f"{each.name:<32} {datetime.fromtimestamp(each.not_after, UTC).date()}{mark}")
    click.echo(f"devices with a good certificate: {found.devices}")
    if found.rotating:
        click.echo(f"of these with one of the former CA: {found.of_former_ca}")
    click.echo(f"devices that are not heard: {found.barred}")
    if found.expiring:
        click.echo(f"expire within 30 days: {', '.join(found.expiring)}")
    click.echo("claims: " + ", ".join(f"{count} {state}" for state, count in found.claims.items()))


def _record(target: Target, action: str, subject: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Into the audit log, under the name of the user of this machine."""
    from firmware_tools.fleet.audit.home import record_from_home

    record_from_home(target.home, f"identity.{action}", subject, detail)


def _office(target: Target) -> "IdentityOffice":
    from firmware_tools.fleet.identity.office import IdentityOffice

    return IdentityOffice(target.home)
