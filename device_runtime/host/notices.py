"""What the board tells by itself: programs, that its network came or went; its fleet, that it has no such setting."""

import asyncio
import logging
from collections.abc import Callable

from device_runtime.capability.device import linux_network_type
from device_runtime.host.desk import Desk
from device_runtime.values import Value

logger = logging.getLogger(__name__)

_SECONDS = 3.0


class NetworkNotices:
    """Looks at the network every few seconds, and tells running programs of a change (``onNetworkStatusChange``)."""

    def __init__(
        self, desk: Desk, network_type: Callable[[], str] = linux_network_type, seconds: float = _SECONDS
    ) -> None:
        self._desk = desk
        self._network_type = network_type
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch(), name="network notices")

    async def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        known = self._network_type()
        while True:
            await asyncio.sleep(self._seconds)
            now = self._network_type()
            if now == known:
                continue
            known = now
            logger.info("the network is now: %s", now)
            payload: dict[str, Value] = {"isConnected": now != "none", "networkType": now}
            for session in self._desk.sessions():
                session.capability_event("networkStatusChange", payload)
