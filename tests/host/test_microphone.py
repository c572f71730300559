"""One microphone for all programs that listen, and people see who does."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from device_runtime.host.audio import AudioError
from device_runtime.host.microphone import ProgramMicrophone
from device_runtime.values import Value

SOUND, MORE = b"\x01\x00" * 512, b"\x02\x00" * 512


class Sign:
    def __init__(self) -> None:
        self.shown: list[list[Value]] = []

    def listening(self, programs: list[Value]) -> None:
        self.shown.append(programs)


class Source:
    """A microphone of the board: what a test puts in comes out; it counts how often it was opened."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.sounds: asyncio.Queue[bytes | AudioError | None] = asyncio.Queue()

    def __call__(self) -> "Source":
        return self

    async def chunks(self) -> AsyncIterator[bytes]:
        self.opened += 1
        try:
            while (sound := await self.sounds.get()) is not None:
                if isinstance(sound, AudioError):
                    raise sound
                yield sound
        finally:
            self.closed += 1


async def _begun(stream: AsyncIterator[bytes]) -> "asyncio.Task[bytes]":
    """The first piece of sound that a listener waits for."""
    task = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_a_board_s_microphone_runs_once_for_all_and_only_while_somebody_listens() -> None:
    source = Source()
    microphone = ProgramMicrophone(Sign(), source)
    assert source.opened == 0
    one, other = microphone.chunks(), microphone.chunks()
    waiting = [await _begun(one), await _begun(other)]
    source.sounds.put_nowait(SOUND)
    assert await asyncio.gather(*waiting) == [SOUND, SOUND]
    await one.aclose()  # type: ignore[attr-defined] # an async generator
    source.sounds.put_nowait(MORE)
    assert await anext(other) == MORE
    assert (source.opened, source.closed) == (1, 0)
    await other.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert source.closed == 1
    again = await _begun(microphone.chunks())
    source.sounds.put_nowait(SOUND)
    assert await again == SOUND
    assert source.opened == 2
    await microphone.close()


async def test_a_microphone_is_let_go_before_it_is_opened_again() -> None:
    """One that is still held is busy."""
    let_go = asyncio.Event()

    class Slow(Source):
        async def chunks(self) -> AsyncIterator[bytes]:
            assert self.opened == self.closed, "it is busy"
            self.opened += 1
            try:
                while sound := await self.sounds.get():
                    assert isinstance(sound, bytes)
                    yield sound
            finally:
                await let_go.wait()
                self.closed += 1

    source = Slow()
    microphone = ProgramMicrophone(Sign(), source)
    one = microphone.chunks()
    waiting = await _begun(one)
    source.sounds.put_nowait(SOUND)
    await waiting
    await one.aclose()  # type: ignore[attr-defined] # an async generator
    again = await _begun(microphone.chunks())
    assert (source.opened, source.closed) == (1, 0)
    let_go.set()
    source.sounds.put_nowait(MORE)
    assert await again == MORE
    assert (source.opened, source.closed) == (2, 1)
    await microphone.close()
    assert source.closed == 2


async def test_a_fault_of_the_device_is_told_to_who_listens() -> None:
    class Broken(Source):
        async def chunks(self) -> AsyncIterator[bytes]:
            raise ZeroDivisionError
            yield b""

    waiting = await _begun(ProgramMicrophone(Sign(), Broken()).chunks())
    with pytest.raises(AudioError, match="the device has a fault"):
        await waiting


async def test_a_microphone_that_fails_fails_for_each_listener() -> None:
    source = Source()
    microphone = ProgramMicrophone(Sign(), source)
    waiting = [await _begun(microphone.chunks()), await _begun(microphone.chunks())]
    source.sounds.put_nowait(AudioError("it was pulled out"))
    for each in waiting:
        with pytest.raises(AudioError, match="it was pulled out"):
            await each


async def test_a_microphone_that_ends_ends_the_listening() -> None:
    source = Source()
    waiting = await _begun(ProgramMicrophone(Sign(), source).chunks())
    source.sounds.put_nowait(None)
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_of_several_screens_the_first_is_heard_until_it_goes() -> None:
    microphone = ProgramMicrophone(Sign())
    stream = microphone.chunks()
    waiting = await _begun(stream)
    microphone.hear("kitchen", SOUND)
    microphone.hear("hall", MORE)
    assert await waiting == SOUND
    microphone.forget_screen("kitchen")
    microphone.hear("hall", MORE)
    assert await anext(stream) == MORE


async def test_screens_are_not_heard_where_the_board_has_its_own() -> None:
    source = Source()
    microphone = ProgramMicrophone(Sign(), source)
    stream = microphone.chunks()
    waiting = await _begun(stream)
    microphone.hear("kitchen", MORE)
    source.sounds.put_nowait(SOUND)
    assert await waiting == SOUND
    await microphone.close()


async def test_what_the_board_itself_says_is_not_heard_but_recorded() -> None:
    microphone = ProgramMicrophone(Sign())
    model, recorder = microphone.chunks(), microphone.chunks(while_speaking=True)
    heard, recorded = await _begun(model), await _begun(recorder)
    microphone.mute(3600)
    microphone.mute(0)
    microphone.hear("kitchen", SOUND)
    assert await recorded == SOUND
    assert not heard.done()
    heard.cancel()


async def test_people_see_which_programs_listen() -> None:
    sign = Sign()
    microphone = ProgramMicrophone(sign)
    for app_id, on in (("a", True), ("b", True), ("a", True), ("a", False), ("b", False), ("a", False)):
        microphone.listening(app_id, on=on)
    assert [sorted(map(str, shown)) for shown in sign.shown] == [["a"], ["a", "b"], ["a", "b"], ["a", "b"], ["a"], []]


async def test_what_screens_give_is_told_at_first_and_when_it_changes() -> None:
    microphone = ProgramMicrophone(Sign())
    states = microphone.states()
    assert await anext(states) == "waiting"
    for screen, state, told in (
        ("one", "refused", "refused"), ("two", "on", "hearing"), ("two", "off", "refused"), ("one", "on", "hearing"),
    ):  # fmt: skip
        microphone.screen_state(screen, state)  # type: ignore[arg-type]
        assert await anext(states) == told
    microphone.forget_screen("one")
    assert await anext(states) == "waiting"
    microphone.hear("three", SOUND)  # a screen that only sends
    assert await anext(states) == "hearing"


async def test_a_board_s_own_microphone_needs_nobody_to_turn_it_on() -> None:
    assert await anext(ProgramMicrophone(Sign(), Source()).states()) == "hearing"
