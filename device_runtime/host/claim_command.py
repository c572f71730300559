"""``cygnet device claim``: let this machine into a fleet with a claim code."""

import asyncio
import contextlib
import os
import sys
import tomllib
from pathlib import Path

import click

from device_runtime.errors import CygnetError
from device_runtime.host.claiming import ClaimAccess, ClaimError, claim
from device_runtime.host.identity_folder import IdentityFolder
from device_runtime.sync.transport import TlsFiles

CODE_VARIABLE = "CYGNET_CLAIM_CODE"
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("claim")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder that `cygnet fleet identity init` made for devices: broker, CA and provisioning certificate.",
)
@click.option("--broker", default="", metavar="URL", help="Broker, as mqtts://broker.example:8883; else the bundle's.")
@click.option("--ca", type=_FILE, help="Who signed the broker's certificate; else ca.pem of the bundle.")
@click.option("--cert", type=_FILE, help="The provisioning certificate; else claim.pem of the bundle.")
@click.option("--key", type=_FILE, help="Its key; else claim.key of the bundle.")
@click.option(
    "--code-file", metavar="FILE", help=f"A file with the claim code, - for standard input; or ${CODE_VARIABLE}."
)
@click.option("--device", default="", help="The id that this device would like, where the claim code names none.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="identity",
    show_default=True,
    help="Folder of the device's identity.",
)
@click.option("--again", is_flag=True, help="The device has an identity, which this one replaces.")
@click.option("--seconds", default=120.0, show_default=True, help="How long to try.")
def claim_command(
    bundle: Path | None,
    broker: str,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    code_file: str | None,
    device: str,
    out: Path,
    again: bool,
    seconds: float,
) -> None:
    """Let this device into a fleet with a claim code: it gets a certificate of its own.

    The key is made here and never leaves. The code is asked for, unless a file or the environment has it; it is no
    option, since everybody on a machine sees the arguments of commands.

    \b
    Example:
      cygnet device claim --bundle north-claim --out /var/lib/cygnet/identity
      cygnet device run --provisioning /var/lib/cygnet/identity/provisioning.toml
    """
    folder = IdentityFolder(out)
    if folder.claimed and not again:
        raise ClaimError(f"this device has an identity already, in {out}; with --again, a new one replaces it")
    access = _access(bundle, broker, ca, cert, key)
    made = asyncio.run(claim(access, _code(code_file), device, folder, patience=seconds))
    click.echo(f"This device is {made.device} of the fleet {made.fleet}. Its identity is in {out}.")
    click.echo(f"Next: cygnet device run --provisioning {folder.provisioning_file}")


def _access(bundle: Path | None, broker: str, ca: Path | None, cert: Path | None, key: Path | None) -> ClaimAccess:
    if bundle is None and not (broker and ca and cert and key):
        raise click.UsageError("give --bundle DIR, or all of --broker, --ca, --cert and --key")
    folder = bundle or Path()
    return ClaimAccess(
        broker or _broker_of(folder / "claim.toml"),
        TlsFiles(ca or folder / "ca.pem", cert or folder / "claim.pem", key or folder / "claim.key"),
    )


def _broker_of(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        broker = tomllib.loads(path.read_text(encoding="utf-8")).get("broker")
        if isinstance(broker, str) and broker:
            return broker
    raise CygnetError(f"{path} does not name the broker; give its URL with --broker")


def _code(file: str | None) -> str:
    if file == "-":
        return sys.stdin.readline()
    if file is not None:
        try:
            return (Path(file).read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            raise CygnetError(f"the file {file} with the claim code cannot be read: {error}") from error
    return os.environ.get(CODE_VARIABLE) or click.prompt("Claim code")
