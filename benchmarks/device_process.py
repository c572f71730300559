"""A whole device in a process of its own (``benchmarks/soaked.py``), with programs of the benchmark on it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.host import children
from benchmarks.page import write_page
from device_runtime.keys import encode_public_key
from firmware_tools.build.program import build_program

PATIENCE_SECONDS = 60.0
_TICK = os.sysconf("SC_CLK_TCK")


class DeviceProcess:
    """The process, and those that it started. ``url`` is the address of its screen."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, pid: int) -> None:
        self._process = process
        self._pid = pid
        self.url = url

    async def ask(self, line: str) -> dict[str, int]:
        """One command, and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        answer = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_SECONDS)
        return dict(json.loads(answer))

    def family(self) -> list[int]:
        """The host, its zygote, and the workers."""
        found = [self._pid]
        for pid in found:
            found += children(pid)
        return found

    def cpu_seconds(self) -> float:
        """Processor time of all of them, with that of workers that have ended."""
        ticks = 0
        for pid in self.family():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
        return ticks / _TICK

    def descriptors(self) -> int:
        """Those of host and zygote."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.family()[:2])


@asynccontextmanager
async def device_process(folder: Path, pages: Sequence[tuple[str, int]]) -> AsyncIterator[DeviceProcess]:
    """A device whose programs are these pages of :mod:`benchmarks.page`, by name and number of rows."""
    key = Ed25519PrivateKey.generate()
    for name, rows in pages:
        (folder / f"{name}.ma").write_bytes(build_program(write_page(folder, name, rows), key).data)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.soaked", str(folder), encode_public_key(key.public_key()),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        begun = json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS))
        yield DeviceProcess(process, begun["url"], begun["pid"])
    finally:
        process.stdin.close()
        await process.wait()
