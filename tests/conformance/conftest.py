from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from device_runtime.program.sessions import Sessions
from tests.conformance.npm import NpmError, installed
from tests.conformance.rig import Simulate, simulate
from tests.program.running import Board, Recorder, surroundings


@pytest.fixture(scope="session")
def installation() -> Path:
    """The npm packages; tests that need them are skipped where they cannot be had."""
    try:
        return installed()
    except NpmError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def rig(installation: Path) -> Iterator[Simulate]:
    """WeChat's own test rig."""
    try:
        with simulate(installation) as running:
            yield running
    except NpmError as error:
        pytest.skip(str(error))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board() -> AsyncIterator[Board]:
    """One zygote for the programs of a module."""
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()
