"""What all loaded models may have of the memory, at any time.

Models grow while they are used: a large input, a shape that the caller chooses, a copy for each session of one that
remembers. So what their processes have is looked at when a model was loaded, when one has answered, and while one
runs. What was not used for the longest time goes first.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator

from device_runtime.inference.loaded import Loaded
from device_runtime.inference.store import ModelError

_log = logging.getLogger(__name__)
_MIB = 1024 * 1024
# What a process may grow by until it is measured again; to measure one takes the kernel some 0.1 ms.
_STEP_BYTES = _MIB
_LOOK_SECONDS = 0.2


class MemoryBudget:
    """Keeps ``models``, all that may be in a process, within ``memory_bytes``."""

    def __init__(self, memory_bytes: int, models: Callable[[], Iterable[Loaded]]) -> None:
        self._most = memory_bytes
        self._models = models
        self._exceeded = False

    def memory_bytes(self) -> int:
        """What all loaded models have at this moment."""
        return sum(self._sizes().values())

    def make_room(self, newest: Loaded) -> None:
        """Unload others for one that was just loaded.

        Raises:
            ModelError: it does not fit, whatever goes; it has been unloaded.
        """
        sizes, total = self._unload_others(newest)
        if total > self._most:
            _unload(newest)
            raise ModelError(f"model {newest.model.name} needs {_mib(sizes.get(newest, 0))}, and {self._excess(total)}")

    @contextlib.contextmanager
    def watched(self, loaded: Loaded) -> Iterator[None]:
        """Around a request to a model. One that takes more than there is while it runs is ended, so that the request
        fails; see :meth:`settle` for what the sentence says."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def look() -> None:
            nonlocal timer
            with contextlib.suppress(ModelError):  # whoever waits for the answer hears it
                self._fit(loaded)
            timer = loop.call_later(_LOOK_SECONDS, look)

        timer = loop.call_later(_LOOK_SECONDS, look)
        try:
            yield
        finally:
            timer.cancel()

    def settle(self, loaded: Loaded) -> None:
        """See that all fits now that a model has answered. If it does not, whatever else goes, this one goes, too: in
        silence, where the next request can load it again.

        Raises:
            ModelError: it has more than all models may have, or it cannot be loaded again unnoticed; it was ended.
        """
        self._fit(loaded)

    def _fit(self, loaded: Loaded) -> None:
        process = loaded.running
        if process is None:
            return
        grown = process.grown_bytes() > _STEP_BYTES
        if not grown and not self._exceeded:
            return
        own = process.memory_bytes()
        if own > self._most:
            raise process.lose(f"it has grown to {_mib(own)}, and this device gives all models {_mib(self._most)}")
        _, total = self._unload_others(loaded)
        self._exceeded = total > self._most
        if not self._exceeded:
            return
        if loaded.can_go:
            _unload(loaded)
        elif grown and (loaded.remembers or not process.idle):
            raise process.lose(f"it has grown to {_mib(own)}, and {self._excess(total)}")
        # Otherwise others wait for it: it is looked at again when they have their answers.

    def _unload_others(self, newest: Loaded) -> tuple[dict[Loaded, int], int]:
        """Unload until all fits, if that is possible; what each model had before, and what all have now."""
        sizes = self._sizes()
        total = sum(sizes.values())
        for loaded in sorted(sizes, key=lambda loaded: loaded.used):
            if total <= self._most:
                break
            if loaded is not newest and loaded.can_go:
                total -= sizes[loaded]
                _unload(loaded)
        return sizes, total

    def _sizes(self) -> dict[Loaded, int]:
        return {loaded: process.memory_bytes() for loaded in self._models() if (process := loaded.running) is not None}

    def _excess(self, total: int) -> str:
        return (
            f"with those in use the models would have {_mib(total)} of the {_mib(self._most)} "
            "that this device gives them"
        )


def _unload(loaded: Loaded) -> None:
    if loaded.process is not None:
        _log.info("model %s is unloaded to make room", loaded.model.name)
        loaded.process.end()
        loaded.process = None


def _mib(size: int) -> str:
    return f"{size / _MIB:.1f} MiB"
