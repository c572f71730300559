"""What models have in memory when one program uses one, and when ten do."""

import asyncio
import time
from collections.abc import AsyncIterator
from math import prod

from device_runtime.inference.service import InferenceService, InferenceSession
from device_runtime.inference.shared_hearing import SharedHearing
from device_runtime.inference.store import ModelStore
from device_runtime.inference.tensors import SIZES, TensorData


async def running(name: str, programs: int, calls: int = 20) -> int:
    """Private bytes of the processes of a model that so many programs have opened and run."""
    service = InferenceService(ModelStore())
    try:
        sessions = [await service.open(name, f"program {number}") for number in range(programs)]
        for _ in range(calls):
            await asyncio.gather(*(session.run(_zeros(session)) for session in sessions))
        return service.memory_bytes()
    finally:
        await service.close()


async def listening(name: str, programs: int, seconds: int = 3) -> int:
    """Private bytes of the processes of a model that so many programs have opened and let listen."""
    service = InferenceService(ModelStore())
    heard_all = asyncio.Event()

    async def microphone() -> AsyncIterator[bytes]:
        for _ in range(10 * seconds):
            yield bytes(3200)
        heard_all.set()
        await asyncio.Event().wait()

    hearing = SharedHearing(service, microphone)
    try:
        for number in range(programs):
            await service.open(name, f"program {number}")
        tasks = [asyncio.create_task(_listen(hearing, name)) for _ in range(programs)]
        await heard_all.wait()
        memory = service.memory_bytes()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return memory
    finally:
        await service.close()


async def _listen(hearing: SharedHearing, name: str) -> None:
    async for _ in hearing.listen(name):
        pass


async def round_trip(name: str, calls: int) -> list[float]:
    """Microseconds of each run through the model's process, from the host's side."""
    service = InferenceService(ModelStore())
    try:
        session = await service.open(name, "a program")
        given, times = _zeros(session), []
        for _ in range(calls):
            begun = time.perf_counter()
            await session.run(given)
            times.append((time.perf_counter() - begun) * 1e6)
        return times
    finally:
        await service.close()


def _zeros(session: InferenceSession) -> list[TensorData]:
    return [
        TensorData(tensor.shape, tensor.dtype, bytes(prod(tensor.shape) * SIZES[tensor.dtype]))
        for tensor in session.inputs
    ]
