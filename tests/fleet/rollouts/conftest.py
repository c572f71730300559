import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_tools.fleet.database import Database
from tests.fleet.rollouts.scene import Scene


@pytest.fixture
def scene() -> Iterator[Scene]:
    memory = Path("/dev/shm")  # noqa: S108 - each commit would otherwise wait for the disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        database = Database(f"sqlite:///{folder}/fleet.db")
        yield Scene(database)
        database.close()
