"""A whole device that is killed as one transition of an update is written. Run by a test.

Arguments: board file, provisioning file, state directory, the state (``done`` for the end; ``-`` for none), and
``before`` or ``after`` it is on the disk.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from device_runtime.host.board import load_board
from device_runtime.host.device import Device
from device_runtime.host.provisioning import load_provisioning
from device_runtime.sync import agent
from device_runtime.update.machine import Update
from device_runtime.update.records import Kind, UpdateRecords


class DyingRecords(UpdateRecords):
    """The real records, until the one transition."""

    at, when = "-", "after"

    async def put(self, kind: Kind, name: str, update: Update | None) -> None:
        dies = (update.state.value if update else "done") == self.at
        if dies and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await super().put(kind, name, update)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(board: Path, provisioning: Path, state: Path) -> None:
    device = Device(load_board(board), state, load_provisioning(provisioning), {})
    print(await device.start(), flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await device.stop()


if __name__ == "__main__":
    DyingRecords.at, DyingRecords.when = sys.argv[4:6]
    agent.UpdateRecords = DyingRecords  # type: ignore[attr-defined]
    asyncio.run(main(*(Path(argument) for argument in sys.argv[1:4])))
