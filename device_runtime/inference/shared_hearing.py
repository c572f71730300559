"""One ear a model for all who listen to the same microphone: ten programs that wait for the same word cost what one
costs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace

from device_runtime.errors import CygnetError
from device_runtime.inference.service import InferenceService
from device_runtime.inference.store import ModelError
from device_runtime.inference.tensors import Detection

log = logging.getLogger(__name__)
_RATE = 16_000
_OWNER = "the microphone"
# What a listener may have waiting before it is behind for good.
_MOST_WAITING = 100


class _Ear:
    """A model that listens, and who hears of it."""

    def __init__(self) -> None:
        self.listeners: set[asyncio.Queue[Detection | CygnetError]] = set()
        self.task: asyncio.Task[None] | None = None
        self.samples = 0


class SharedHearing:
    """Lets models of the device listen to its microphone. ``chunks`` begins a stream of 16 kHz mono int16 sound."""

    def __init__(self, service: InferenceService, chunks: Callable[[], AsyncIterator[bytes]]) -> None:
        self._service = service
        self._chunks = chunks
        self._ears: dict[str, _Ear] = {}

    async def listen(self, model: str) -> AsyncGenerator[Detection, None]:
        """What the model of that name hears from now on, in seconds from now. It listens while anybody iterates.

        Raises:
            ModelError: there is no such model, it does not hear, or it has failed.
            CygnetError: there is no microphone, or it has failed.
        """
        ear = self._ears.setdefault(model, _Ear())
        mine: asyncio.Queue[Detection | CygnetError] = asyncio.Queue(_MOST_WAITING)
        ear.listeners.add(mine)
        begun = ear.samples / _RATE
        if ear.task is None:
            ear.task = asyncio.create_task(self._hear(model, ear), name=f"the ear of {model}")
        try:
            while True:
                heard = await mine.get()
                if isinstance(heard, CygnetError):
                    raise heard
                yield replace(heard, seconds=heard.seconds - begun)
        finally:
            ear.listeners.discard(mine)
            if not ear.listeners and self._ears.get(model) is ear:
                del self._ears[model]
                ear.task.cancel()
                with suppress(asyncio.CancelledError):
                    await ear.task

    async def _hear(self, model: str, ear: _Ear) -> None:
        sounds = self._chunks()
        # It is heard from now on, also what is said while the model is opened.
        beginning = asyncio.ensure_future(anext(sounds, None))
        try:
            session = await self._service.open(model, _OWNER)
            try:
                sound = await beginning
                while sound is not None:
                    ear.samples += len(sound) // 2
                    for detection in await session.feed(sound):
                        _tell(ear, detection)
                    sound = await anext(sounds, None)
            finally:
                await session.close()
        except CygnetError as error:
            self._lose(model, ear, error)
        except Exception:  # a fault of ours: nobody must believe that all is quiet
            log.exception("the model %s hears no more", model)
            why = f"model {model} hears no more: the device has a fault; its log says more"
            self._lose(model, ear, ModelError(why))
        else:
            self._lose(model, ear, ModelError("the microphone gives no more sound"))
        finally:
            beginning.cancel()
            await asyncio.gather(beginning, return_exceptions=True)
            if isinstance(sounds, AsyncGenerator):
                await sounds.aclose()

    def _lose(self, model: str, ear: _Ear, why: CygnetError) -> None:
        if self._ears.get(model) is ear:
            del self._ears[model]
        _tell(ear, why)


def _tell(ear: _Ear, what: Detection | CygnetError) -> None:
    for listener in ear.listeners:
        if listener.full():  # it does not keep up: the oldest goes
            listener.get_nowait()
        listener.put_nowait(what)
