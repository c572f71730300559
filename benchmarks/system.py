"""The whole system: how long the demo takes, how soon a spoken request shows on the screen, and what it all weighs.

    python -m benchmarks.system --requests 10

Every figure is taken from the outside: the demo's own processes, a screen connected over WebSocket, /proc.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.machine import print_machine
from firmware_tools.demo.person import Person
from firmware_tools.demo.screen import SAMPLE_RATE, DemoScreen
from firmware_tools.demo.stages import LIGHT, LIGHTS, Walk, spoken
from firmware_tools.demo.system import DemoSystem

_ROOMS = ("bedroom", "hall", "garden", "bathroom")


def _kilobytes(pid: int, file: str, *names: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


async def _request(screen: DemoScreen, text: str) -> float:
    """Seconds from the last sound of a request to the first patch that it makes."""
    silence = bytes(2 * SAMPLE_RATE)
    pause = bytes(int(0.6 * SAMPLE_RATE) * 2)
    sound = silence + spoken("okay nabu") + pause + spoken(text)
    started = time.monotonic()
    playing = asyncio.create_task(screen.play_into_microphone(sound + 2 * silence))
    last_sound = started + len(sound) / 2 / SAMPLE_RATE

    def patched() -> float | None:
        times = [
            at
            for at, message in screen.messages
            if message["type"] == "patch" and message["app_id"] == LIGHTS and at > started
        ]
        return times[0] if times else None

    at: float = await screen.wait_for(f"{text!r} to show", patched, 20)
    await playing
    await screen.wait_for(
        "the answer to end",
        lambda: [1 for at, m in screen.messages if m["type"] == "voice" and m["stage"] == "idle" and at > started],
        20,
    )
    return at - last_sound


async def _measure(requests: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        system = DemoSystem(Path(folder))
        walk = Walk(system, lambda _title: None, lambda _stage: None)
        started = time.monotonic()
        try:
            await walk.setup()
            async with DemoScreen(system.screen_url) as screen:
                await walk.converse(screen)
                await Person(screen).decide(LIGHTS, LIGHT, allowed=True)
                total = time.monotonic() - started
                await screen.wait_for(
                    "the first answer to end",
                    lambda: screen.messages[-1][1].get("stage") == "idle",
                    20,
                )
                delays = [
                    await _request(screen, f"turn {'on' if number // len(_ROOMS) % 2 == 0 else 'off'} the {room} light")
                    for number, room in ((n, _ROOMS[n % len(_ROOMS)]) for n in range(requests))
                ]
            assert system.device is not None
            _print(total, delays, system.device.pid)
        finally:
            await asyncio.to_thread(system.stop)


def _print(total: float, delays: list[float], device: int) -> None:
    print_machine()
    print(f"{'demo, all stages once':<44}{total:>9.1f} s")
    print(f"{'end of speech to first patch, median':<44}{statistics.median(delays) * 1e3:>9.0f} ms")
    print(f"{'end of speech to first patch, minimum':<44}{min(delays) * 1e3:>9.0f} ms  ({len(delays)} requests)")
    print(f"{'device process, resident':<44}{_kilobytes(device, 'status', 'VmRSS') / 1024:>9.1f} MB")
    for child in _children(device):
        command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        name = "zygote of the voice process" if "voice" in command else "zygote"
        print(f"{f'{name}, resident':<44}{_kilobytes(child, 'status', 'VmRSS') / 1024:>9.1f} MB")
        workers = _children(child)
        private = [_kilobytes(worker, "smaps_rollup", "Private_") / 1024 for worker in workers]
        if private:
            print(
                f"{'each worker, private (median)':<44}{statistics.median(private):>9.2f} MB  ({len(private)} workers)"
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10, help="spoken requests (default: 10)")
    asyncio.run(_measure(parser.parse_args().requests))


if __name__ == "__main__":
    main()
