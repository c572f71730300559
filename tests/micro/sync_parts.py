"""Where the parts of a board's sync are, for tests."""

import importlib
from typing import Any

from device_runtime.micro.sync import messages


def _desired_module() -> Any:
    try:
        return importlib.import_module("device_runtime.micro.sync.desired")
    except ImportError:
        return messages


verify_desired: Any = _desired_module().verify_desired
"""Check an envelope: a coroutine that gives what was signed, or raises ``SyncError``."""
