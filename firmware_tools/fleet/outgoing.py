"""Desired documents on their way out: of each device only the newest, and never an older one after it."""

import asyncio
from collections.abc import Iterable

from device_runtime.sync.messages import Desired


class Outgoing:
    """A queue in which a newer document takes the place of an older one of the same device."""

    def __init__(self) -> None:
        self._documents: dict[str, Desired] = {}
        self._newest: dict[str, int] = {}
        self._filled = asyncio.Event()

    def put_all(self, documents: Iterable[Desired]) -> None:
        """Add documents, except where a newer one waits or went out: two readers of the database may overtake
        each other."""
        for document in documents:
            if document.version >= self._newest.get(document.device, 0):
                self._newest[document.device] = document.version
                self._documents[document.device] = document
                self._filled.set()

    async def take(self, most: int) -> list[Desired]:
        """Wait for documents and take up to ``most`` of them, each of another device."""
        while not self._documents:
            self._filled.clear()
            await self._filled.wait()
        return [self._documents.pop(device) for device in list(self._documents)[:most]]
