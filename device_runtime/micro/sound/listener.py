"""Who hears on a board: one microphone and one front end, for all models that listen."""

import asyncio

from .frontend import Frontend

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .hearing import Hearing
except ImportError:
    pass


class Listener:
    """Listens as long as somebody wants to hear.

    Args:
        open_microphone: gives the board's microphone; it is closed when nobody hears any more.
        tell: is given a :class:`Hearing` and what it has heard, ``(label, probability, seconds)``.
        fail: is given a sentence when sound ends for all.
    """

    def __init__(
        self,
        open_microphone: "Callable[[], Any]",
        tell: "Callable[[Hearing, tuple[str, float, float]], None]",
        fail: "Callable[[str], None]",
    ) -> None:
        self._open, self._tell, self._fail = open_microphone, tell, fail
        self._hearings: list[Hearing] = []
        self._microphone: Any = None
        self._frontend: Frontend | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, hearing: "Hearing") -> None:
        """Let one hear from now on. Raises ``OSError`` where the microphone does not answer, and ``MemoryError``."""
        if hearing in self._hearings:
            return
        if self._task is None:
            self._frontend = Frontend()
            self._microphone = self._open()
            self._task = asyncio.create_task(self._listen())
        self._hearings.append(hearing)

    def remove(self, hearing: "Hearing") -> None:
        """Let one hear no more."""
        if hearing in self._hearings:
            self._hearings.remove(hearing)
            if not self._hearings:
                self.end()

    def end(self) -> None:
        """Nobody hears any more."""
        self._hearings.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self._microphone.close()
        self._microphone = self._frontend = None

    async def _listen(self) -> None:
        frontend, microphone = self._frontend, self._microphone
        try:
            while True:
                await microphone.fill(frontend.step)  # type: ignore[union-attr]
                if frontend.advance():  # type: ignore[union-attr]
                    for hearing in self._hearings:
                        heard = hearing.take(frontend.row)  # type: ignore[union-attr]
                        if heard is not None:
                            self._tell(hearing, heard)
        except (OSError, MemoryError, ValueError) as error:
            sentence = f"the microphone gives no sound any more: {error}"
        self._hearings.clear()
        self._task = self._microphone = self._frontend = None
        microphone.close()
        self._fail(sentence)
