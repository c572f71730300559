"""The command ``cygnet``: verbs under nouns. A noun's code is loaded when it is used, so that help stays quick and a
device without the extras of the operator's side still has the nouns that it needs."""

import signal
import sys
from importlib.metadata import version

import click

from device_runtime.errors import CygnetError
from firmware_tools.cli.lazy import load_command

# noun -> (where its click command is, the extra that it needs beyond the base, its line in the overview)
_NOUNS: dict[str, tuple[str, str, str]] = {
    "program": ("firmware_tools.cli.program:program", "tools", "Create, build, run and test mini-programs."),
    "fleet": ("firmware_tools.cli.fleet:fleet", "fleet", "Serve a fleet; publish, assign, watch."),
    "device": ("device_runtime.host.command:device", "", "Run this machine as a device."),
    "board": ("firmware_tools.cli.board:board", "", "Find, flash and look after boards; check their configurations."),
    "model": ("firmware_tools.cli.model:model", "train", "Make, test and publish models."),
    "demo": ("firmware_tools.cli.demo:demo", "fleet,voice,inference,tools", "The whole system on this machine."),
}


_INTERRUPTED = 130


class _Nouns(click.Group):
    """Loads a noun's module at its first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(_NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        if cmd_name not in _NOUNS:
            return None
        place, extra, _ = _NOUNS[cmd_name]
        return load_command(place, f"cygnet {cmd_name}", extra)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Nouns"):
            formatter.write_dl([(noun, line) for noun, (_, _, line) in _NOUNS.items()])


@click.group(
    cls=_Nouns,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`cygnet NOUN --help` shows a noun's verbs, `cygnet NOUN VERB --help` an example of each.",
)
@click.version_option(version("cygnet"), prog_name="cygnet")
def cygnet() -> None:
    """Mini-programs on devices: build them, run them, keep a fleet of them in step.

    \b
    New here?
      cygnet demo                      the whole system on this machine
      cygnet program new my-program    a program of your own, ready to run
      cygnet program dev my-program    ... on a screen in your browser that follows what you save
    """


def main() -> None:
    """Run the command line: an expected failure is one sentence and exit code 1, wrong usage is 2, Ctrl-C is 130."""
    try:
        code = cygnet(standalone_mode=False)  # what `Context.exit` was given, else what the command returns: nothing
    except click.exceptions.Exit as leaving:
        if leaving.exit_code == _INTERRUPTED:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # who presses Ctrl-C twice sees no traceback of the way out
        sys.exit(leaving.exit_code)
    except click.exceptions.Abort:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        click.echo("", err=True)
        sys.exit(_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CygnetError as error:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has left; `cygnet … | head` is not a failure.
        sys.stderr.close()
        sys.exit(0)
    if isinstance(code, int):
        sys.exit(code)
