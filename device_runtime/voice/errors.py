"""What goes wrong with voice, and the one way to import what the extra ``voice`` installs."""

import importlib
from typing import Any

from device_runtime.errors import CygnetError


class VoiceError(CygnetError):
    """Voice cannot work as asked; the message says why and what to do."""


def import_voice_package(name: str) -> Any:
    """The module ``name`` of the extra ``voice``.

    Raises:
        VoiceError: it is not installed, or its shared library does not load.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise VoiceError(f"voice needs {name}: {error}; install it with: pip install 'cygnet[voice]'") from error
