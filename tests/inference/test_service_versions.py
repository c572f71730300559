"""Models that the fleet replaces while programs use them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device_runtime.inference.installed import InstalledModels
from device_runtime.inference.service import InferenceService, InferenceSession
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.inference.tensors import TensorData
from device_runtime.keys import key_ring
from tests.inference.model_packages import KEY, digits_package
from tests.inference.test_backend import FOUR, image


class Updated:
    """A service of models, and the store that the fleet changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.models = InstalledModels(folder / "models", key_ring([KEY.public_key()]), self._check)
        self.service = InferenceService(ModelStore(installed=self.models))

    async def _check(self, *arguments: object) -> None:
        await self.service.check(*arguments)  # type: ignore[arg-type]

    async def install(self, code: int) -> None:
        path = self._folder / f"numbers-{code}"
        path.write_bytes(digits_package(code, "numbers", said=f"v{code}"))
        await self.models.install(path)

    async def open(self) -> InferenceSession:
        return await self.service.open("numbers", "test")

    def loaded(self) -> int:
        """How many models have a process."""
        return sum(loaded.process is not None for loaded in self.service._models.values())


@pytest.fixture
async def updated(tmp_path: Path) -> AsyncIterator[Updated]:
    running = Updated(tmp_path)
    yield running
    await running.service.close()


async def answer(session: InferenceSession) -> int:
    (found,) = await session.run([TensorData((1, 8, 8, 1), "float32", image(FOUR).tobytes())])
    return len(found.data)


async def test_a_new_version_serves_new_sessions_and_the_old_one_those_that_stand(updated: Updated) -> None:
    await updated.install(1)
    first = await updated.open()
    await updated.install(2)  # another card, and the same file
    second = await updated.open()
    assert (first.labels[4], second.labels[4]) == ("v1 4", "v2 4")
    assert await answer(first) == await answer(second) == 40
    assert updated.loaded() == 2
    await first.close()
    assert updated.loaded() == 1, "nobody can ask for the old one any more"
    assert await answer(second) == 40


async def test_a_session_goes_on_when_its_model_is_taken_away(updated: Updated) -> None:
    await updated.install(1)
    session = await updated.open()
    updated.models.remove("numbers")
    with pytest.raises(ModelError, match="there is no model 'numbers' on this device"):
        await updated.open()
    assert await answer(session) == 40
    await session.close()
    assert updated.loaded() == 0


async def test_a_version_that_was_loaded_and_is_used_by_nobody_ends_with_its_successor(updated: Updated) -> None:
    await updated.install(1)
    await (await updated.open()).close()
    assert updated.loaded() == 1
    await updated.install(2)
    session = await updated.open()
    assert updated.loaded() == 1
    assert session.labels[0] == "v2 0"
