"""What a look at the screen needs of the rest of a device."""

from collections.abc import Mapping
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.host.board import Screen
from device_runtime.host.desk import Desk
from device_runtime.host.front import Front
from device_runtime.program.store import ProgramStore


class DeviceAround:
    """:class:`device_runtime.host.viewing.viewing.Surroundings` of a device."""

    def __init__(self, screen: Screen, front: Front, desk: Desk, store: ProgramStore) -> None:
        self._screen, self._front, self._desk, self._store = screen, front, desk, store

    def attach(self, target: str) -> None:
        """Send the stack and every page of each running program to this target."""
        self._front.attach(target)

    def resource(self, app_id: str, version: int, path: str) -> bytes | None:
        """A file of a program's package."""
        return self._front.resource(app_id, version, path)

    def program_name(self, app_id: str) -> str:
        """What people call a program."""
        session = self._desk.running(app_id)
        return session.manifest.name if session is not None else app_id

    def is_private(self, app_id: str) -> bool:
        """Whether a program has private pages; one that cannot be asked is taken for private."""
        session = self._desk.running(app_id)
        if session is not None:
            return bool(session.manifest.private_pages)
        try:
            return bool(self._store.package(app_id).manifest.private_pages)
        except CygnetError:
            return True

    def size(self) -> Mapping[str, Any]:
        """The size that the screen last said, or else the board's."""
        last = next(reversed(self._front.viewports.values()), None)
        width, height = (last.screen_width, last.screen_height) if last is not None else (0, 0)
        return {
            "width": width or self._screen.width,
            "height": height or self._screen.height,
            "rpx": self._screen.rpx,
        }
