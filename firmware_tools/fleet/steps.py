"""Where something on a device stands between what it should be and what it is, in the words of the fleet's API."""

from collections.abc import Mapping
from typing import Literal

Step = Literal["waiting", "downloading", "staged", "trial", "in step", "failed", "rolled back", "removing"]
"""Where one program on one device stands between what it should be and what it is. ``staged``: it is on the device,
which waits for a good moment to switch; ``trial``: it runs there and has not yet proved itself; ``rolled back``: it did
not, and the version before runs again."""

STEP_OF_PHASE: Mapping[str, Literal["downloading", "staged", "trial", "in step", "rolled back", "failed"]] = {
    "downloading": "downloading",
    "waiting": "staged",
    "trial": "trial",
    "installed": "in step",
    "running": "in step",
    "rolled-back": "rolled back",
    "failed": "failed",
}
