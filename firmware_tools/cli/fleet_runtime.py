"""``cygnet fleet runtime``: the runtimes of microcontrollers, published and assigned as programs are."""

import json
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment
from firmware_tools.fleet.errors import FleetError


@click.group()
def runtime() -> None:
    """Publish and assign runtimes of microcontrollers.

    A board fetches its runtime beside the one that runs, tries it, and goes back by itself if the new one does not
    reach the fleet. Linux devices take their runtime from elsewhere and ignore this.
    """


@runtime.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--version", help="What the runtime of this Cygnet calls itself; Cygnet's own version without it.")
@json_option
@pass_target
def publish(target: Target, file: Path | None, version: str | None, as_json: bool) -> None:
    """Publish the runtime in FILE, or the one that comes with this Cygnet.

    The fleet signs it with its own key. A version stays what it was: for a runtime that you changed, name another.

    \b
    Example:
      cygnet fleet runtime publish
      cygnet fleet runtime publish runtime-0.2.0.ma
    """
    if file is None:
        name = "the runtime of this Cygnet"
        data = _own_runtime(version, name)
    elif version is not None:
        raise click.UsageError("--version is for the runtime of this Cygnet; one in a FILE says its own.")
    else:
        name, data = file.name, _read(file)
    release = target.ask("POST", "/api/runtimes", params={"name": name}, data=data)
    if as_json:
        click.echo(json.dumps(release, indent=2))
    else:
        click.echo(f"Runtime {release['version']} is {'published' if release['new'] else 'published already'}.")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FleetError(f"{file} cannot be read: {error.strerror}") from error


def _own_runtime(version: str | None, name: str) -> bytes:
    """Compiled here; the fleet puts its seal in the place of this one, whose key nobody keeps."""
    from firmware_tools.fleet.runtimes import check_runtime_version

    if version is not None:
        check_runtime_version(version, name)
    try:
        from firmware_tools.provision.runtime import runtime_version, seal_runtime
    except ImportError as error:
        raise CygnetError(
            f"the runtime of this Cygnet is compiled first, which needs {error.name}; "
            "run: pip install 'cygnet[tools]', or name a FILE"
        ) from error
    return seal_runtime(version or runtime_version(), Ed25519PrivateKey.generate())


@runtime.command()
@click.argument("device")
@click.option("--version", help="Version of a published runtime; the newest without it.")
@json_option
@pass_target
def assign(target: Target, device: str, version: str | None, as_json: bool) -> None:
    """Let the microcontroller DEVICE have a runtime.

    \b
    Example:
      cygnet fleet runtime assign pico-1
      cygnet fleet runtime assign pico-1 --version 0.2.0
    """
    release = target.ask("PUT", f"/api/devices/{segment(device)}/runtime", body={"version": version})
    if as_json:
        click.echo(json.dumps(release, indent=2))
    else:
        click.echo(f"{device} should have runtime {release['version']}.")


@runtime.command()
@click.argument("device")
@pass_target
def unassign(target: Target, device: str) -> None:
    """Leave DEVICE the runtime that it has.

    \b
    Example:
      cygnet fleet runtime unassign pico-1
    """
    target.ask("DELETE", f"/api/devices/{segment(device)}/runtime")
    click.echo(f"{device} keeps the runtime that it has.")


@runtime.command("list")
@json_option
@pass_target
def list_runtimes(target: Target, as_json: bool) -> None:
    """List what is published, the newest first.

    \b
    Example:
      cygnet fleet runtime list
    """
    answer = target.ask("GET", "/api/runtimes")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    if not answer["runtimes"]:
        click.echo("No runtimes yet. Publish that of this Cygnet: cygnet fleet runtime publish")
    for release in answer["runtimes"]:
        click.echo(f"{release['version']:<24} {release['size']:>8} bytes  {release['sha256'][:16]}")
