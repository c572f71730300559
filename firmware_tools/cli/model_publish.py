"""``cygnet model publish``: from a model's folder to a fleet."""

import asyncio
import json
import os
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.inference.card import CARD_FILE, ModelCard
from device_runtime.inference.package import ModelPackageError, check_model, collect_model, seal_model
from device_runtime.inference.service import InferenceService, OwnModel
from device_runtime.inference.store import ModelStore
from device_runtime.inference.tensors import SIZES, TensorData
from firmware_tools.cli.fleet_target import Target, json_option
from firmware_tools.fleet.home import FleetHome, default_home


@click.command()
@click.argument("folder", metavar="MODEL-DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--home", type=click.Path(path_type=Path), help="The fleet's home directory.  [env: CYGNET_FLEET_HOME]")
@click.option("--fleet", "url", envvar="CYGNET_FLEET_URL", default="", help="URL of a fleet that runs elsewhere.")
@click.option("--token-file", type=click.Path(path_type=Path), help="Operator token of that fleet, in a file.")
@json_option
def publish(folder: Path, home: Path | None, url: str, token_file: Path | None, as_json: bool) -> None:
    """Publish the model in MODEL-DIR to a fleet: its card, and the file that the card names.

    The model is loaded here first, as a device does it: in a confined process, and compared with its card. The fleet
    signs it with its own key. A version that is published stays as it is: to publish a change, raise version.code in
    card.toml.

    \b
    Example:
      cygnet model publish models/commands_en
      cygnet model publish models/commands_en --fleet https://fleet.example --token-file operator.token
    """
    entries = collect_model(folder)
    card, content = check_model(entries, str(folder))
    _check_filled_in(card, folder)
    asyncio.run(_try(card, content))
    # The fleet puts its own seal in place of this one, whose key nobody keeps.
    data = seal_model(entries, Ed25519PrivateKey.generate())
    # The token is no option: arguments are visible to every user of a machine.
    token = os.environ.get("CYGNET_FLEET_TOKEN", "")
    target = Target(FleetHome(home or default_home()), url, token_file, token)
    release = target.ask("POST", "/api/models", params={"name": card.name}, data=data)
    if as_json:
        click.echo(json.dumps(release, indent=2))
        return
    what = "published" if release["new"] else "published already"
    click.echo(f"Model {card.name} {card.version.name} (version {card.version.code}) is {what}: {len(content)} bytes.")
    if release["devices"]:
        click.echo(f"It goes to {', '.join(release['devices'])}, where programs ask for it.")


def _check_filled_in(card: ModelCard, folder: Path) -> None:
    """Raises :class:`ModelPackageError`: the card still has what `cygnet model new` and `import` leave to a person."""
    told = {"description": card.description, "licence": card.licence, "data": card.data}
    told |= {f"units of {tensor.name}": tensor.units for tensor in (*card.inputs, *card.outputs)}
    if left := [key for key, text in told.items() if text.startswith("TODO")]:
        raise ModelPackageError(f"{folder / CARD_FILE} still says TODO of {', '.join(left)}; fill it in, then publish")


async def _try(card: ModelCard, content: bytes) -> None:
    """Load the model and run it once.

    Raises:
        CygnetError: it cannot be loaded or run, is not what its card says, or no runtime is installed.
    """
    service = InferenceService(ModelStore())
    try:
        await service.check(card, content)
        session = await service.open(OwnModel(card.name, content, card), "publish")
        nothing = [TensorData(info.shape, info.dtype, bytes(_bytes(info.shape, info.dtype))) for info in session.inputs]
        await session.run(nothing)
    finally:
        await service.close()


def _bytes(shape: tuple[int, ...], dtype: str) -> int:
    count = SIZES[dtype]
    for size in shape:
        count *= size
    return count
