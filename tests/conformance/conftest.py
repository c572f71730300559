from collections.abc import AsyncIterator

import pytest_asyncio

from device_runtime.program.sessions import Sessions
from tests.program.running import Board, Recorder, surroundings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board() -> AsyncIterator[Board]:
    """One zygote for the programs of a module."""
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()
