"""Several listeners, one model, one microphone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from device_runtime.inference.service import InferenceService
from device_runtime.inference.shared_hearing import SharedHearing
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.inference.tensors import Detection

pytest.importorskip("pymicro_features")

from tests.voice.sounds import pieces, silence, spoken

MODEL = "okay_nabu"


class Microphone:
    """Sound as a test gives it, to each who listens; ``streams`` is how many do."""

    def __init__(self) -> None:
        self.streams = 0
        self._queues: list[asyncio.Queue[bytes | None]] = []
        self.begun = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._queues.append(queue)
        self.streams += 1
        self.begun.set()
        try:
            while (sound := await queue.get()) is not None:
                yield sound
        finally:
            self.streams -= 1

    def say(self, pcm: bytes | None) -> None:
        for queue in self._queues:
            for piece in [None] if pcm is None else pieces(pcm, 3200):
                queue.put_nowait(piece)


@pytest.fixture
async def service() -> AsyncIterator[InferenceService]:
    service = InferenceService(ModelStore())
    yield service
    await service.close()


async def first(hearing: SharedHearing, model: str = MODEL) -> Detection:
    heard = hearing.listen(model)
    try:
        return await anext(heard)
    finally:
        await heard.aclose()


async def test_all_hear_what_one_model_hears(service: InferenceService) -> None:
    microphone = Microphone()
    hearing = SharedHearing(service, microphone.chunks)
    listeners = [asyncio.create_task(first(hearing)) for _ in range(10)]
    await microphone.begun.wait()
    assert microphone.streams == 1
    microphone.say(silence(1) + spoken("okay nabu"))
    heard = await asyncio.gather(*listeners)
    assert {detection.label for detection in heard} == {"okay nabu"}
    assert len(set(heard)) == 1
    assert microphone.streams == 0, "nobody listens any more"


async def test_who_leaves_takes_nothing_from_the_others(service: InferenceService) -> None:
    microphone = Microphone()
    hearing = SharedHearing(service, microphone.chunks)
    leaving, staying = asyncio.create_task(first(hearing)), asyncio.create_task(first(hearing))
    await microphone.begun.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    microphone.say(spoken("okay nabu"))
    assert (await staying).label == "okay nabu"


@pytest.mark.parametrize(("model", "sentence"), [("nobody", "there is no model"), ("digits", "does not listen")])
async def test_what_cannot_listen_says_so_to_all(service: InferenceService, model: str, sentence: str) -> None:
    microphone = Microphone()
    hearing = SharedHearing(service, microphone.chunks)
    listeners = [asyncio.create_task(first(hearing, model)) for _ in range(2)]
    if model == "digits":
        await microphone.begun.wait()
        microphone.say(silence(1))
    for failure in await asyncio.gather(*listeners, return_exceptions=True):
        assert isinstance(failure, ModelError)
        assert sentence in str(failure)


async def test_a_microphone_that_ends_says_so(service: InferenceService) -> None:
    microphone = Microphone()
    hearing = SharedHearing(service, microphone.chunks)
    listener = asyncio.create_task(first(hearing))
    await microphone.begun.wait()
    microphone.say(None)
    with pytest.raises(ModelError, match="the microphone gives no more sound"):
        await listener


async def test_a_fault_of_the_device_is_told_and_the_next_who_listens_begins_anew(service: InferenceService) -> None:
    microphone = Microphone()
    broken = True

    async def chunks() -> AsyncIterator[bytes]:
        if broken:
            raise ZeroDivisionError
        async for sound in microphone.chunks():
            yield sound

    hearing = SharedHearing(service, chunks)
    with pytest.raises(ModelError, match="model okay_nabu hears no more: the device has a fault"):
        await first(hearing)
    broken = False
    listening = asyncio.create_task(first(hearing))
    await microphone.begun.wait()
    microphone.say(silence(1) + spoken("okay nabu"))
    assert (await listening).label == "okay nabu"
