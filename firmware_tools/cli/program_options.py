"""What `cygnet program run` and `dev` have in common on the command line."""

import click

organisation = click.option(
    "--organisation",
    default="",
    metavar="NAME",
    help="Run as a device of NAME, which agrees to what the data plan declares; nobody is asked. "
    "[default: the screen asks, as at home]",
)
