"""Loading a command's module at its first use: help stays quick, and missing extras hinder only what needs them."""

import importlib

import click

from device_runtime.errors import CygnetError


def load_command(place: str, called: str, extra: str) -> click.Command:
    """The click command at ``module:attribute``.

    Raises:
        CygnetError: it needs a library that is not installed; ``extra`` has it.
    """
    module, attribute = place.split(":")
    try:
        command = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in {"device_runtime", "firmware_tools"}:
            raise
        raise CygnetError(
            f"`{called}` needs {error.name}, which is not installed; run: pip install 'cygnet[{extra}]'"
        ) from error
    if not isinstance(command, click.Command):
        raise TypeError(f"{place} is not a click command")
    return command
