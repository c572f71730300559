"""What ``cygnet model data``, ``train`` and ``quantize`` have in common."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from firmware_tools.cli.model_progress import LabProgress
from firmware_tools.training.lab import Lab, Made
from firmware_tools.training.recipe import find_recipe

F = TypeVar("F", bound=Callable[..., Any])

INTERRUPTED = 130


def making_options(command: F) -> F:
    """RECIPE, ``--cache``, ``--fresh`` and ``--json``."""
    for add in (
        click.option("--json", "as_json", is_flag=True, help="For scripts."),
        click.option("--fresh", is_flag=True, help="Make it anew, though it is in the cache."),
        click.option(
            "--cache", type=click.Path(path_type=Path, file_okay=False), metavar="DIRECTORY",
            help="Where results are kept.  [default: ~/.cache/cygnet/models]",
        ),
        click.argument("recipe"),
    ):  # fmt: skip
        command = add(command)
    return command


def make(
    recipe: str, cache: Path | None, as_json: bool, work: Callable[[Lab], Made], then: Callable[[Lab, Made], None]
) -> dict[str, Any]:
    """Do ``work`` with progress shown, then ``then``; returns what scripts are told.

    Ctrl-C ends the process with 130, and says how to go on.
    """
    found = find_recipe(recipe)
    try:
        with LabProgress(quiet=as_json) as progress:
            lab = Lab(found, progress, cache)
            made = work(lab)
    except KeyboardInterrupt:
        click.echo("stopped; what is done is kept: run the same command again, and it goes on from there", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    then(lab, made)
    return {
        "model": found.name, "part": made.part, "folder": str(made.folder), "cached": made.cached, **made.facts,
    }  # fmt: skip


def tell(facts: dict[str, Any]) -> None:
    """The result for scripts."""
    click.echo(json.dumps(facts, indent=2, ensure_ascii=False))


def origin(made: Made) -> str:
    """Whether a part was made just now, for people."""
    return "from the cache" if made.cached else "made"
