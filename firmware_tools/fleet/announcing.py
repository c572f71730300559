"""What is told to those who watch the fleet: which devices have changed, and what the trouble is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any

from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.feed import LiveFeed
from firmware_tools.fleet.records import Device

log = logging.getLogger(__name__)

_MOST_TOLD = 200
_SHOW_EVERY = 0.3


class Announcer:
    """Fills a :class:`LiveFeed`. Everything is called on the event loop."""

    def __init__(
        self,
        feed: LiveFeed,
        read: Callable[[Sequence[str]], Awaitable[list[Device]]],
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """``read`` gives these devices as the database has them; ``start`` lets work go on by itself."""
        self._feed, self._read, self._start = feed, read, start
        self.trouble = ""
        """Why the fleet cannot store or sign, in a sentence; empty when it can."""
        self._changed: set[str] = set()
        self._shows_soon = False

    def show(self, devices: Sequence[Device] | None) -> None:
        """These have changed; None: too many to say which."""
        if devices is None:
            self._feed.announce({"type": "refresh"})
        elif devices:
            self._feed.announce({"type": "devices", "devices": [device_document(device) for device in devices]})

    def show_soon(self, changed: Collection[str]) -> None:
        """Another process has changed these. Not read for each notice: that takes the database longer than storing."""
        if changed and self._feed.is_watched:
            self._changed.update(changed)
            if not self._shows_soon:
                self._shows_soon = True
                self._start(self._show_changed())

    def report_trouble(self, text: str) -> None:
        """The database refuses, or documents cannot be signed; empty: no more."""
        if text == self.trouble:
            return
        self.trouble = text
        if text:
            log.error("%s", text)
        self._feed.announce({"type": "trouble", "text": text})

    def report_beside(self, text: str) -> None:
        """Something beside storing cannot be done (the signed metadata, certificates, the audit log); empty: it can
        again, and what is shown is the trouble that there is besides."""
        if text:
            log.error("%s", text)
        self._feed.announce({"type": "trouble", "text": text or self.trouble})

    async def _show_changed(self) -> None:
        await asyncio.sleep(_SHOW_EVERY)
        changed, self._changed, self._shows_soon = self._changed, set(), False
        self.show(None if len(changed) > _MOST_TOLD else await self._read(sorted(changed)))
