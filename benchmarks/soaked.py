"""A device to be soaked, in a process of its own: ``python -m benchmarks.soaked FOLDER KEY``.

Its programs are the packages in the folder. It says its address as JSON; each line that it reads then (``stop APP_ID``
or ``count``) is done, and answered with what is alive in the process.
"""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path

from device_runtime.host.board import load_board
from device_runtime.host.device import Device
from device_runtime.keys import decode_public_key, key_ring

_BOARD = """
name = "soaked"
description = "A screen and nothing else"

[screen]
width = 375
height = 667
port = 0

[limits]
event_seconds = 60.0
launch_seconds = 120.0
cpu_seconds_a_minute = 60.0
"""


def _count() -> dict[str, int]:
    gc.collect()
    return {"tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects())}


def _make_device(folder: Path, key: str) -> Device:
    board = folder / "board.toml"
    board.write_text(_BOARD, encoding="utf-8")
    device = Device(load_board(board), folder / "state", None, key_ring([decode_public_key(key)]))
    for package in sorted(folder.glob("*.ma")):
        device.store.install(package)
    return device


async def _serve(device: Device) -> None:
    url = await device.start()
    try:
        print(json.dumps({"url": url, "pid": os.getpid()}), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            what, _, app_id = line.strip().partition(" ")
            if what == "stop":
                await device.desk.stop_program(app_id)
            print(json.dumps(_count() if what == "count" else {}), flush=True)
    finally:
        await device.stop()


if __name__ == "__main__":
    asyncio.run(_serve(_make_device(Path(sys.argv[1]), sys.argv[2])))
