"""``trust/trust.json``: which keys the fleet holds itself, for how long each role signs, and what was withdrawn."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from device_runtime.sealed.durable import write_whole
from firmware_tools.fleet.errors import FleetError, StorageError

DAY = 86_400
TOP = ("root", "targets", "snapshot", "timestamp")
"""The roles that the root itself names."""
HOUSE = "house"
"""The role for which the fleet signs by itself, where it does."""


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """``held``: by key id, the URI of a key with which the service signs unattended. Days are how long what a role
    signs is good. ``withdrawn``: paths of targets that are not to be signed again."""

    held: dict[str, str] = field(default_factory=dict)
    root_days: int = 365
    targets_days: int = 365
    developer_days: int = 365
    snapshot_days: int = 7
    timestamp_days: int = 1
    withdrawn: tuple[str, ...] = ()

    def holding(self, keyid: str, uri: str) -> "TrustSettings":
        """The same with one more key."""
        return replace(self, held={**self.held, keyid: uri})


def read_settings(path: Path) -> TrustSettings:
    """Read the file.

    Raises:
        FleetError: there is none, or it is not what :func:`write_settings` wrote.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        document["withdrawn"] = tuple(document.get("withdrawn", ()))
        settings = TrustSettings(**document)
    except FileNotFoundError as error:
        raise FleetError("this fleet has no root of trust yet; make one with `cygnet fleet trust init`") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise FleetError(f"{path} is damaged: {error}; restore it from the backup") from error
    for name, days in asdict(settings).items():
        if name.endswith("_days") and not (isinstance(days, int) and 1 <= days <= 3650):
            raise FleetError(f"{path}: {name} must be a whole number from 1 to 3650")
    return settings


def write_settings(path: Path, settings: TrustSettings) -> None:
    """Write the file whole.

    Raises:
        StorageError: the disk refuses.
    """
    try:
        write_whole(path, json.dumps(asdict(settings), indent=2).encode())
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
