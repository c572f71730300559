"""``cygnet model new``: a model to begin with."""

import shlex
from pathlib import Path

import click

from firmware_tools.training.scaffold import create_model, tasks


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--task", type=click.Choice(tasks()), default="digit-classification", show_default=True)
def new(directory: Path, task: str) -> None:
    """Begin a model of your own in DIRECTORY: a recipe that runs in a minute or two, and a card to fill in.

    \b
    Example:
      cygnet model new my_model
      cygnet model new my_words --task spoken-commands
    """
    for path in create_model(directory, task):
        click.echo(f"  {path}")
    place = shlex.quote(str(directory))
    click.echo(
        f"\nNow:\n  cygnet model train {place}\n  cygnet model quantize {place} --write\n"
        f"  cygnet model test {place} --update --report report.html"
    )
