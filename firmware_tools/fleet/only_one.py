"""A lock on a file: of the processes that would be the same one, one runs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware_tools.fleet.errors import FleetError


@contextmanager
def only_one(path: Path, refusal: str) -> Iterator[None]:
    """Hold a lock for the length of a ``with`` block; the kernel lets go of it however this process ends.

    Raises:
        FleetError: ``refusal``, when another process holds it; or the file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FleetError(f"the fleet's home {path.parent} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FleetError(refusal) from error
        yield
    finally:
        os.close(descriptor)
