"""The device on which dishonest programs are played."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.privacy.dishonest.house import House, Wire
from tests.privacy.room import Room


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One device for all of them; each program has an id of its own."""
    folder: Path = tmp_path_factory.mktemp("house")
    wire, room = Wire(), Room(folder)
    runner = await wire.serve()
    made = House(folder, wire, room)
    await made.sessions.start()
    yield made
    await made.close()
    room.close()
    await wire.close()
    await runner.cleanup()


@pytest.fixture(autouse=True)
def _begin_anew(house: House) -> Iterator[None]:
    yield
    house.records()
    house.wire.heard.clear()
    house.wire.redirect = ""
    house.fleet.heard.clear()
    house.said.clear()
