"""Requests of devices on their way to an answer: some are answered at once, thousands wait, none for long.

A release reaches thousands of devices at the same moment, and each asks for the same few things. A request that is
dropped costs its device the ten seconds after which it asks again; one that waits costs a few hundred bytes.
"""

import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

R = TypeVar("R")

AT_ONCE = 256
"""Answers that are made at the same time; each may hold a block of content."""
MOST_WAITING = 20_000
MOST_OF_ONE = 64
"""Of these, of one device: several times what it asks for at once."""
PATIENCE = 5.0
"""Seconds after which a request is not worth an answer: a device asks again after ten
(:class:`device_runtime.sync.content.ContentPuller`), and passes over an answer that comes later."""


class RequestQueue(Generic[R]):
    """A queue with those who work on it. Used on one event loop."""

    def __init__(
        self,
        answer: Callable[[str, R], Awaitable[None]],
        start: Callable[[Coroutine[Any, Any, None]], object],
        dropped: Callable[[], None],
    ) -> None:
        """
        Args:
            answer: answers a request of a device, by its id.
            start: begins a task.
            dropped: told of each request that gets no answer, since there are too many.
        """
        self._answer, self._start, self._dropped = answer, start, dropped
        self._waiting: deque[tuple[str, R, str, float]] = deque()
        self._of: Counter[str] = Counter()
        self._working = 0

    def put(self, device: str, request: R, of: str = "") -> None:
        """Let a request be answered when it is its turn, unless too many wait. ``of``: who asks, where many do over the
        topics of one device."""
        of = of or device
        takes_room = self._working >= AT_ONCE and self._of[of] >= MOST_OF_ONE
        if takes_room or len(self._waiting) >= MOST_WAITING:
            self._dropped()
            return
        self._waiting.append((device, request, of, time.monotonic()))
        self._of[of] += 1
        self._begin()

    def forget(self) -> None:
        """Answer nothing of what waits: there is nobody who would hear it."""
        self._waiting.clear()
        self._of.clear()

    def _begin(self) -> None:
        if self._working < AT_ONCE:
            self._working += 1
            self._start(self._work())

    async def _work(self) -> None:
        failed = False
        try:
            await self._answer_waiting()
        except Exception:
            failed = True  # which is told by the task
            raise
        finally:
            self._working -= 1
            if failed and self._waiting:
                self._begin()

    async def _answer_waiting(self) -> None:
        while self._waiting:
            device, request, of, since = self._waiting.popleft()
            self._of[of] -= 1
            if not self._of[of]:
                del self._of[of]
            if time.monotonic() - since > PATIENCE:
                self._dropped()
            else:
                await self._answer(device, request)
