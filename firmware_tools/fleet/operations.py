"""What an operator can do to a fleet, whatever the way: operator page, command line, script."""

import asyncio
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import encode_public_key
from firmware_tools.fleet.enroll import Provisioning
from firmware_tools.fleet.publish import sign_release
from firmware_tools.fleet.registry import Release
from firmware_tools.fleet.service import FleetService


class Operations:
    """The operator's verbs. Each either happens whole or raises a :class:`CygnetError` and changes nothing."""

    def __init__(self, service: FleetService, key: Ed25519PrivateKey, device_broker: str) -> None:
        self._service, self._key, self._device_broker = service, key, device_broker

    async def publish(self, data: bytes, name: str) -> tuple[Release, bool]:
        """Publish a package; the second value is false when these bytes were published before."""
        sealed, package = await asyncio.to_thread(sign_release, data, name, self._key)
        await self._service.add_content(sealed)
        release, new = await self._service.change(
            lambda registry: registry.publish(package.manifest, package.sha256, package.size, time.time())
        )
        if new:
            self._service.feed.announce({"type": "releases"})
        return release, new

    async def enroll(self, device: str, name: str) -> tuple[Provisioning, bool]:
        """Let a device in; the second value is false when it was in already."""
        new = await self._service.change(lambda registry: registry.enroll(device, name, time.time()), [device])
        provisioning = Provisioning(
            self._service.fleet, device, self._device_broker, encode_public_key(self._key.public_key())
        )
        return provisioning, new

    async def assign(self, device: str, app_id: str, version_code: int | None, launch: bool) -> Release:
        """Let a device have a release; the newest one when ``version_code`` is ``None``."""
        return await self._service.change(
            lambda registry: registry.assign(device, app_id, version_code, launch), [device]
        )

    async def unassign(self, device: str, app_id: str) -> None:
        """Take a program away from a device."""
        await self._service.change(lambda registry: registry.unassign(device, app_id), [device])
