"""A whole board without hardware: the runtime as boards get it, on MicroPython's unix port, with fleet and broker."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device_runtime.host.board import find_micro_board
from device_runtime.host.microboard import board_document
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.provision.runtime import compiled_runtime, runtime_sources
from tests.brokers import Mosquitto, running_mosquitto
from tests.fleet.devices import eventually
from tests.micro.sync.board import Board, identity_for

DEVICE = "pico-1"
_RUNTIME = "micro/runtime.py"


@dataclass(frozen=True)
class Whole:
    """A board that its fleet has let in; not yet switched on."""

    board: Board
    fleet: RunningFleet
    broker: Mosquitto

    async def device(self) -> Any:
        """What the registry knows of the board."""
        return await self.fleet.service.read(lambda registry, _: registry.device(DEVICE))

    async def until_running(self, app_id: str, code: int) -> None:
        """Wait until the fleet has heard that a version runs."""
        with self.fleet.service.feed.watch() as watcher:
            while True:
                has = (await self.device()).has.get(app_id)
                if has is not None and (has.phase, has.version_code) == ("running", code):
                    return
                async for event in watcher.events(60):
                    assert event is not None, f"it is still {has}:\n{self.board.log}"
                    break


@asynccontextmanager
async def whole_board(
    micropython: str, folder: Path, *, extra: str = "", more: Mapping[str, Any] | None = None
) -> AsyncIterator[Whole]:
    """The board ``virtual-board``, of an organisation, so that programs may report; ``extra`` is put at the end of
    ``runtime.py``, ``more`` into ``board.json``."""
    with running_mosquitto(folder, tls=True) as broker:
        home = init_home(folder / "fleet", "north", broker=broker.url, listen="127.0.0.1:0")
        text = home.settings_file.read_text()
        home.settings_file.write_text(text.replace("[broker]\n", f'[broker]\nca = "{broker.authority.ca_file}"\n'))
        async with run_fleet(home) as fleet:
            await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
            provisioning, _ = await fleet.operations.enroll(DEVICE, "Window")
            board = Board(micropython, folder / "board")
            _put_runtime(board, extra)
            document = {**board_document(find_micro_board("virtual-board")), "organisation": "Example", **(more or {})}
            board.provision(identity_for(provisioning, broker.port), broker.authority.ca_file, **document)
            try:
                yield Whole(board, fleet, broker)
            finally:
                await board.cut()


def _put_runtime(board: Board, extra: str) -> None:
    sources = runtime_sources()
    sources[_RUNTIME] += extra
    for name, data in compiled_runtime(sources).items():
        path = board.cygnet / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
