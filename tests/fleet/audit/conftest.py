from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_tools.fleet.database import Database
from tests.fleet.audit.diary import Diary


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    database = Database(f"sqlite:///{tmp_path / 'fleet.db'}")
    yield Diary(database, tmp_path / "audit.head")
    database.close()
