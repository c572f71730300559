"""``cygnet program compilers``: what builds TypeScript, Less and Sass sources."""

import click


@click.command()
def compilers() -> None:
    """Install the compilers for programs written in TypeScript, Less or Sass.

    They are npm packages (esbuild, less, sass) and need Node.js 20 or newer. They go into a folder of their own, below
    ~/.local/share/cygnet, or the one that CYGNET_COMPILERS names. Programs without such sources do not need them.

    \b
    Example:
      cygnet program compilers
    """
    from firmware_tools.build.compilers import PACKAGES, install_compilers

    folder = install_compilers()
    listed = ", ".join(f"{name} {version}" for name, version in PACKAGES.items())
    click.echo(f"{listed} are in {folder}")
