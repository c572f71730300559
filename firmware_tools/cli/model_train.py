"""``cygnet model train``: train the network of a recipe."""

from pathlib import Path

import click

from firmware_tools.cli.model_making import make, making_options, origin, tell
from firmware_tools.training.lab import Lab, Made


@click.command()
@making_options
def train(recipe: str, cache: Path | None, fresh: bool, as_json: bool) -> None:
    """Train the network that RECIPE describes; its data set is made first, if it must be.

    Interrupted, even by a power cut, the same command goes on after the last whole epoch, with the same result.

    \b
    Example:
      cygnet model train digits
      cygnet model train my-model
    """
    facts = make(recipe, cache, as_json, lambda lab: lab.train(fresh=fresh), _say if not as_json else lambda *_: None)
    if as_json:
        tell(facts)


def _say(lab: Lab, made: Made) -> None:
    epochs, best = made.facts["epochs"], made.facts["best_epoch"]
    _, loss, accuracy = epochs[best - 1]
    how_well = f"validation loss {loss:.4g}" if accuracy is None else f"{accuracy:.1%} of the validation split right"
    click.echo(f"{lab.recipe.name}: epoch {best} of {len(epochs)} is kept, {how_well}; {origin(made)}\n  {made.folder}")
