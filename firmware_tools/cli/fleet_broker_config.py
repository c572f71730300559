"""``cygnet fleet broker-config``: a broker at which each device can touch its own topics alone."""

from pathlib import Path

import click

from firmware_tools.cli.fleet_target import Target, pass_target


@click.command("broker-config")
@click.argument("kind", type=click.Choice(["mosquitto", "nats", "rabbitmq"]))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of its files.")
@click.option("--listen", default="0.0.0.0:8883", show_default=True, help="Address and port for MQTT over TLS.")
@click.option("--as-if", type=click.Path(path_type=Path), help="Where the files will lie, if they are copied there.")
@click.option("--tell", type=click.Path(path_type=Path, dir_okay=False), help="File with the broker's process id.")
@pass_target
def broker_config(target: Target, kind: str, out: Path, listen: str, as_if: Path | None, tell: Path | None) -> None:
    """Write a broker's configuration: TLS, a user a certificate, and the rights of each.

    `cygnet fleet serve` keeps what changes up to date where [identity] of fleet.toml names broker and folder.

    \b
    Example:
      cygnet fleet broker-config mosquitto --out /etc/mosquitto/north
      mosquitto -c /etc/mosquitto/north/mosquitto.conf
    """
    from firmware_tools.fleet.identity.brokers.writing import outdated
    from firmware_tools.fleet.identity.office import IdentityOffice
    from firmware_tools.fleet.identity.settings import broker_kind

    broker = broker_kind(kind)
    changed = IdentityOffice(target.home).write_broker(broker, out, listen, as_if, tell)
    click.echo(f"Written in {out}: {', '.join(changed)}." if changed else f"Nothing in {out} had to change.")
    if sentence := outdated(broker, out):
        click.echo(sentence)
