"""``cygnet model data``: make the data set of a recipe."""

from pathlib import Path

import click

from firmware_tools.cli.model_making import make, making_options, origin, tell
from firmware_tools.training.lab import Lab, Made


@click.command()
@making_options
def data(recipe: str, cache: Path | None, fresh: bool, as_json: bool) -> None:
    """Make the data set that RECIPE describes: a recipe.toml, a folder with one, or the name of a model here.

    \b
    Example:
      cygnet model data digits
      cygnet model data my-model/recipe.toml --cache /big/disk
    """
    facts = make(recipe, cache, as_json, lambda lab: lab.data(fresh=fresh), _say if not as_json else lambda *_: None)
    if as_json:
        tell(facts)


def _say(lab: Lab, made: Made) -> None:
    facts = made.facts
    click.echo(
        f"{lab.recipe.name}: {facts['train']:,} examples to train with, {facts['validation']:,} to choose by, "
        f"{facts['test']:,} to test with; {origin(made)}\n  {made.folder}"
    )
