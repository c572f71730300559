"""``cygnet model quantize``: the int8 model of a recipe, and where it differs from float32."""

from pathlib import Path

import click

from firmware_tools.build.micro_model import MicroModelError, compile_model, describe
from firmware_tools.cli.model_making import make, making_options, origin, tell
from firmware_tools.training.card_writing import write_model
from firmware_tools.training.lab import Lab, Made, layers_of
from firmware_tools.training.layers import LayerDifference, layer_table, worst_layers
from firmware_tools.training.quantize import FLOAT_MODEL, MODEL

_SHOWN = 6


@click.command()
@making_options
@click.option("--write", is_flag=True, help="Put the models, and what their tensors are, into the recipe's folder.")
@click.option("--layers", is_flag=True, help="Show every layer, and not only those that add most to the error.")
def quantize(recipe: str, cache: Path | None, fresh: bool, as_json: bool, write: bool, layers: bool) -> None:
    """Quantise the network that RECIPE describes; it is trained first, if it must be.

    With --write, <name>.tflite, <name>_float.tflite and the card's tensors and SHA-256 in the recipe's folder are
    replaced; everything else in the card stays.

    \b
    Example:
      cygnet model quantize digits
      cygnet model quantize my-model --write
    """

    def then(lab: Lab, made: Made) -> None:
        if not as_json:
            _say(lab, made, whole=layers)
        if write:
            for path in write_model(
                lab.recipe.path.parent, (made.folder / MODEL).read_bytes(), (made.folder / FLOAT_MODEL).read_bytes()
            ):
                click.echo(f"  {path}", err=as_json)

    facts = make(recipe, cache, as_json, lambda lab: lab.quantize(fresh=fresh), then)
    if as_json:
        tell(facts)


def _say(lab: Lab, made: Made, *, whole: bool) -> None:
    facts = made.facts
    click.echo(
        f"{lab.recipe.name}: {facts['bytes']:,} bytes, {facts['float_bytes']:,} in float32; {origin(made)}\n"
        f"  {made.folder}\n"
    )
    say_layers(layers_of(made), whole=whole)
    say_boards((made.folder / MODEL).read_bytes(), lab.recipe.name)


def say_boards(content: bytes, name: str) -> None:
    """What a model is on a microcontroller, or why it cannot be there."""
    try:
        found = describe(compile_model(content, name))
    except MicroModelError as error:
        click.echo(f"\nNot for microcontrollers: {error}")
    else:
        click.echo(f"\nOn a microcontroller: {found.size:,} bytes, and {found.arena:,} to run in.")


def say_layers(differences: list[LayerDifference], *, whole: bool) -> None:
    """The table of layers, all or those that add most to the error."""
    shown = differences if whole else worst_layers(differences, _SHOWN)
    click.echo("Against float32, layer by layer:" if whole else "Against float32, where most is added:")
    click.echo(layer_table(shown))
