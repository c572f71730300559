"""Models on their way to another version, with the real store of a device and one that tries nothing."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from device_runtime.errors import CygnetError
from device_runtime.host.fleet_models import FleetModels
from device_runtime.inference.card import ModelCard
from device_runtime.keys import key_ring
from device_runtime.sync.messages import ModelTarget
from device_runtime.update.machine import State, Update
from device_runtime.update.records import Kind, UpdateRecords
from device_runtime.update.rules import RulesInForce, UpdateRules
from device_runtime.update.updates import Updates
from tests.inference.model_packages import KEY, digits_package
from tests.sync.fleet_end import model_of
from tests.sync.waiting import until

NAME = "digits"
RULES = RulesInForce(UpdateRules(check_seconds=0.1, trial_seconds=60, trial_tries=2))


class Bench:
    """One start of a device with models; ``users`` are the running programs that ask for the model."""

    def __init__(self, folder: Path, users: tuple[str, ...] = ()) -> None:
        self.users = users
        self.models = FleetModels(folder / "models", key_ring([KEY.public_key()]), RULES, lambda _name: self.users)
        self.models.use(self.passes)
        self.refused = ""
        self.updates = Updates("models", UpdateRecords(folder / "updates.json"), self.models, RULES, self)
        self.objections: list[str] = []
        self.folder = folder
        self.task: asyncio.Task[None] | None = None

    async def passes(self, card: ModelCard, _content: bytes) -> None:
        if self.refused:
            raise CygnetError(f"model {card.name}: {self.refused}")

    async def consent(self, _kind: Kind, _name: str, _update: Update) -> None: ...

    async def objection(self, _kind: Kind, _name: str, _update: Update) -> str:
        return self.objections[0] if self.objections else ""

    def connected(self) -> bool:
        return True

    def told(self, kind: Kind, name: str, update: Update | None, before: Update | None) -> None: ...

    async def __aenter__(self) -> "Bench":
        await self.updates.recover()
        self.task = asyncio.create_task(self.updates.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def desire(self, code: int) -> ModelTarget:
        data = digits_package(code)
        target = model_of(data, code)
        path = self.folder / "arrived"
        path.write_bytes(data)
        update = await self.updates.want(NAME, target, urgent=False, launch=False, retry=True)
        if update is not None and update.state is State.DOWNLOADING:
            if not await self.models.recall(NAME, target):
                await self.models.stage(path, NAME, target)
            await self.updates.arrived(NAME)
            await self.updates.passed(NAME)
            await self.updates.ready(NAME)
        return target

    def code(self) -> int:
        model = self.models.installed().get(NAME)
        return model.version_code if model else 0

    def state(self) -> str:
        update = self.updates.get(NAME)
        return update.state.value if update else ""

    def versions(self) -> int:
        return len(list((self.folder / "models" / "versions").iterdir()))

    def cards(self) -> Mapping[str, int]:
        return {card.name: card.version.code for card in self.models.store.cards()}


async def test_a_model_that_no_program_uses_is_committed_after_it_was_loaded(tmp_path: Path) -> None:
    async with Bench(tmp_path) as bench:
        await bench.desire(2)
        await until(lambda: bench.code() == 2 and not bench.state())
        assert bench.cards()[NAME] == 2


async def test_a_staged_model_waits_beside_the_one_that_is_used_and_survives_a_restart(tmp_path: Path) -> None:
    async with Bench(tmp_path) as bench:
        await bench.desire(2)
        await until(lambda: bench.code() == 2 and not bench.state())
        bench.objections = ["waits while driving"]
        await bench.desire(3)
        await until(lambda: bench.updates.notes.get(NAME))
        assert (bench.code(), bench.cards()[NAME], bench.versions()) == (2, 2, 2)
    async with Bench(tmp_path) as again:
        await until(lambda: again.code() == 3 and not again.state())
        assert again.versions() == 2, "one before it is kept"


async def test_a_model_on_trial_goes_back_when_a_program_that_uses_it_keeps_ending(tmp_path: Path) -> None:
    async with Bench(tmp_path) as bench:
        await bench.desire(2)
        await until(lambda: bench.code() == 2 and not bench.state())
        bench.users = ("counter",)
        await bench.desire(3)

        def it_keeps_ending() -> bool:
            bench.updates.ended(NAME, "counter ended while it used it: it ran out of memory")
            return bench.state() == "rolled-back"

        await until(it_keeps_ending)
        update = bench.updates.get(NAME)
        assert update is not None
        assert update.reason == "counter ended while it used it: it ran out of memory"
        assert (bench.code(), bench.cards()[NAME], bench.versions()) == (2, 2, 1)
        await bench.desire(3)
        assert bench.state() == "rolled-back", "not again"


async def test_a_first_model_that_fails_its_trial_leaves_what_came_with_the_device(tmp_path: Path) -> None:
    async with Bench(tmp_path, ("counter",)) as bench:
        own = bench.cards()[NAME]
        await bench.desire(9)
        await until(lambda: bench.state() == "trial" and bench.code() == 9)

        def it_says_so() -> bool:
            bench.updates.said(NAME, "counter: it answers nothing")
            return bench.state() == "rolled-back"

        await until(it_says_so)
        assert (bench.code(), bench.cards()[NAME]) == (0, own)


async def test_the_version_before_is_recalled_without_a_download_and_tried_again(tmp_path: Path) -> None:
    async with Bench(tmp_path) as bench:
        for code in (2, 3):
            target = await bench.desire(code)
            await until(lambda code=code: bench.code() == code and not bench.state())  # type: ignore[misc]
        target = model_of(digits_package(2), 2)
        assert await bench.models.recall(NAME, target)
        bench.refused = "input features has another shape than its card says"
        with pytest.raises(CygnetError, match="another shape"):
            await bench.models.recall(NAME, target)
        bench.refused = ""
        await bench.desire(2)
        await until(lambda: bench.code() == 2 and not bench.state())
