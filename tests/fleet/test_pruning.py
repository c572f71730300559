"""Who deletes what is old: of the processes of a fleet the one that leads, a portion after the other."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.team import Alone


class Second(Alone):
    """Another process is there longer."""

    leads = False


async def send(topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
    """Nobody hears it."""


@pytest.mark.parametrize(("team", "portions"), [(Alone(), 3), (Second(), 0)])
async def test_the_process_that_leads_deletes_until_nothing_is_left(tmp_path: Path, team: Alone, portions: int) -> None:
    database, calls, done = Database(f"sqlite:///{tmp_path}/fleet.db"), [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def prune(now: float) -> bool:
        calls.append(now)
        if len(calls) == portions:
            loop.call_soon_threadsafe(done.set)
        return len(calls) < portions

    key, content = Ed25519PrivateKey.generate(), ContentStore(tmp_path / "content")
    service = FleetService("north", key, database, content, send, prune=prune, team=team)
    async with service.running():
        if portions:
            async with asyncio.timeout(60):
                await done.wait()
        await asyncio.sleep(0)
        await service.change(lambda _: None)  # the writer does one after the other
    database.close()
    assert len(calls) == portions


async def test_a_database_that_refuses_to_delete_is_told_and_ends_nothing(tmp_path: Path) -> None:
    database, told = Database(f"sqlite:///{tmp_path}/fleet.db"), asyncio.Event()

    def prune(_now: float) -> bool:
        raise StorageError("the disk is full")

    key, content = Ed25519PrivateKey.generate(), ContentStore(tmp_path / "content")
    service = FleetService("north", key, database, content, send, prune=prune)
    with service.feed.watch() as watcher:
        async with service.running():
            async with asyncio.timeout(60):
                async for event in watcher.events(60.0):
                    if event == {"type": "trouble", "text": "the disk is full"}:
                        told.set()
                        break
            await service.change(lambda _: None)
    database.close()
    assert told.is_set()
    assert service.trouble == "the disk is full"
