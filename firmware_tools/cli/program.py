"""``cygnet program``: what the author of a mini-program does."""

import asyncio
import dataclasses
import json
import shlex
import time
from pathlib import Path

import click

from firmware_tools.cli.program_apis import apis
from firmware_tools.cli.program_build import build, run, sign
from firmware_tools.cli.program_compilers import compilers
from firmware_tools.cli.program_dev import dev
from firmware_tools.cli.program_plan import plan
from firmware_tools.cli.program_port import port


@click.group()
def program() -> None:
    """Create, build, run and test mini-programs."""


program.add_command(apis)
program.add_command(build)
program.add_command(compilers)
program.add_command(dev)
program.add_command(plan)
program.add_command(port)
program.add_command(run)
program.add_command(sign)


@program.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--dialect", type=click.Choice(["wechat", "swan"]), default="wechat", help="[default: wechat]")
@click.option(
    "--language", type=click.Choice(["javascript", "python"]), default="javascript", help="[default: javascript]"
)
def new(directory: Path, dialect: str, language: str) -> None:
    """Make a small program of your own in DIRECTORY, ready to run and with a test.

    \b
    Example:
      cygnet program new my-program
      cygnet program new my-program --dialect swan
      cygnet program new my-program --language python
    """
    from firmware_tools.build.scaffold import create_program

    for path in create_program(directory, dialect, language):
        click.echo(f"  {path}")
    place = shlex.quote(str(directory))
    click.echo(f"\nNow:\n  cygnet program dev {place}\n  cygnet program test {place}")


@program.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--only", default="", metavar="TEXT", help="Run only the tests whose name holds TEXT.")
@click.option(
    "--wait", type=click.FloatRange(0.1, 60), default=3.0, show_default=True, metavar="SECONDS",
    help="How long an expectation waits to be fulfilled.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_context
def test(context: click.Context, directory: Path, only: str, wait: float, as_json: bool) -> None:
    """Run the tests in DIRECTORY/tests against the program, in a real worker.

    \b
    Example:
      cygnet program test my-program
      cygnet program test my-program --only voice
    """
    from firmware_tools.testing.report import Report
    from firmware_tools.testing.runner import run_program_tests

    report = Report()
    started = time.monotonic()
    if as_json:
        results = asyncio.run(run_program_tests(directory, lambda _: None, lambda _: None, only, wait))
        click.echo(json.dumps([dataclasses.asdict(result) for result in results], indent=2, ensure_ascii=False))
    else:
        results = asyncio.run(run_program_tests(directory, report.tell, report.print_line, only, wait))
        report.end(results, time.monotonic() - started)
    if any(result.outcome == "failed" for result in results):
        context.exit(1)
