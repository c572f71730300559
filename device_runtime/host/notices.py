"""What the board tells by itself: programs, that its network came or went; its fleet, that it has no such setting."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from device_runtime.capability.device import linux_network_type
from device_runtime.host.desk import SOURCE, Desk
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


def ignored_settings(
    record: Callable[[str, str, Mapping[str, Value]], object],
) -> Callable[[Mapping[str, Value]], None]:
    """Hears the settings that the fleet desires. No part of a device has one yet, and whoever desires one must not
    believe that it is followed: ``record(source, name, values)`` takes ``settings_ignored`` with their ``names``."""

    def hear(settings: Mapping[str, Value]) -> None:
        if settings:
            names = ", ".join(sorted(settings))[:300]
            logger.warning("the fleet desires settings that this device does not know: %s", names)
            record(SOURCE, "settings_ignored", {"names": names})

    return hear
