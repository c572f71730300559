"""Where a device keeps all that it remembers, if nobody says where."""

import os
from pathlib import Path


def default_state() -> Path:
    """``$XDG_STATE_HOME/cygnet/device``, else below ``~/.local/state`` (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "cygnet" / "device"
