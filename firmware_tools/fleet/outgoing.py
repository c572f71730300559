"""Desired documents on their way out: of each device only the newest, and never an older one after it."""

import asyncio
import time
from collections.abc import Iterable, Mapping

from device_runtime.sync.messages import Desired

SENT_LATELY = 30.0
"""Seconds for which a document that was published answers the next request for it."""


class Outgoing:
    """A queue in which a newer document takes the place of an older one of the same device."""

    def __init__(self) -> None:
        self._documents: dict[str, Desired] = {}
        self._newest: dict[str, int] = {}
        self._sent: dict[str, tuple[int, float]] = {}
        self._remembers = False
        self._filled = asyncio.Event()

    def put_all(self, documents: Iterable[Desired]) -> None:
        """Add documents, except where a newer one waits or went out: two readers of the database may overtake
        each other."""
        for document in documents:
            if document.version >= self._newest.get(document.device, 0):
                self._newest[document.device] = document.version
                self._documents[document.device] = document
                self._filled.set()

    def put_answers(self, documents: Iterable[Desired], held: Mapping[str, int]) -> None:
        """Add documents that devices ask for, each of which holds a version already.

        Who holds this very version, and was sent it a moment ago, need not be told once more: after a broker has come
        back, every device is told what it should have, and asks for it, too. Only once, though: who asks again may not
        have been able to read it.
        """
        self.put_all(document for document in documents if not self._was_sent(document, held))

    def note_sent(self, documents: Iterable[Desired]) -> None:
        """These are published: the broker has acknowledged and retains them."""
        if self._remembers:
            now = time.monotonic()
            for document in documents:
                self._sent[document.device] = document.version, now

    def begin_anew(self, *, remembers: bool) -> None:
        """The broker may have forgotten everything: nothing counts as sent. Not ``remembers``, nor does what is sent
        from now on: after a start other keys may sign, and a device that has to learn of them first asks again for the
        version that it holds."""
        self._sent.clear()
        self._remembers = remembers

    def _was_sent(self, document: Desired, held: Mapping[str, int]) -> bool:
        version, at = self._sent.pop(document.device, (0, 0.0))
        return version == document.version == held.get(document.device) and time.monotonic() - at < SENT_LATELY

    async def take(self, most: int) -> list[Desired]:
        """Wait for documents and take up to ``most`` of them, each of another device."""
        while not self._documents:
            self._filled.clear()
            await self._filled.wait()
        return [self._documents.pop(device) for device in list(self._documents)[:most]]
