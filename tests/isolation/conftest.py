from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.isolation.siege import Siege, siege


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Siege]:
    """One zygote for all attackers of a module."""
    async with siege(tmp_path_factory.mktemp("siege")) as besieged:
        yield besieged
