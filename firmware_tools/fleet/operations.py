"""What an operator can do to a fleet, whatever the way: operator page, command line, script."""

import asyncio
import base64
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import encode_public_key
from firmware_tools.fleet.enroll import Provisioning
from firmware_tools.fleet.models import ModelRelease, sign_model
from firmware_tools.fleet.publish import sign_release
from firmware_tools.fleet.records import Release
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.runtimes import RuntimeRelease, seal_runtime
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

    async def enroll(self, device: str, name: str, mac: bool = False) -> tuple[Provisioning, bool]:
        """Let a device in; the second value is false when it was in already.

        ``mac``: it is a board that checks MACs, and gets a key for that. What it had before is good no more.
        """
        key = secrets.token_bytes(32) if mac else b""

        def work(registry: Registry) -> bool:
            new = registry.enroll(device, name, time.time())
            if key:
                registry.runtimes.set_key(device, key)
            return new

        new = await self._service.change(work, [device])
        provisioning = Provisioning(
            self._service.fleet,
            device,
            self._device_broker,
            encode_public_key(self._key.public_key()),
            device_key=base64.b64encode(key).decode(),
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

    async def publish_model(self, data: bytes, name: str) -> tuple[ModelRelease, bool, list[str]]:
        """Publish a model; the second value is false when these bytes were published before. Last, the devices that
        get it at once, since a program of theirs asks for a model that was not there."""
        sealed, package = await asyncio.to_thread(sign_model, data, name, self._key)
        await self._service.add_content(sealed)
        served: list[str] = []

        def work(registry: Registry) -> tuple[ModelRelease, bool, list[str]]:
            release, new, devices = registry.publish_model(package, time.time())
            served.extend(devices)
            return release, new, devices

        result = await self._service.change(work, served)  # read when the work is done
        if result[1]:
            self._service.feed.announce({"type": "releases"})
        return result

    async def assign_model(self, device: str, name: str, version_code: int | None) -> ModelRelease:
        """Let a device have a model; the newest version when ``version_code`` is ``None``."""
        return await self._service.change(lambda registry: registry.assign_model(device, name, version_code), [device])

    async def unassign_model(self, device: str, name: str) -> list[str]:
        """Take a model away from a device; the programs for which it stays."""
        return await self._service.change(lambda registry: registry.unassign_model(device, name), [device])

    async def publish_runtime(self, data: bytes, name: str) -> tuple[RuntimeRelease, bool]:
        """Publish a runtime of microcontrollers; the second value is false when these bytes were published before."""
        sealed, version = await asyncio.to_thread(seal_runtime, data, name, self._key)
        sha256 = await self._service.add_content(sealed)
        return await self._service.change(lambda registry: registry.runtimes.publish(version, sha256, len(sealed)))

    async def assign_runtime(self, device: str, version: str | None) -> RuntimeRelease:
        """Let a microcontroller have a runtime; the newest one when ``version`` is ``None``."""
        return await self._service.change(lambda registry: registry.assign_runtime(device, version), [device])

    async def unassign_runtime(self, device: str) -> None:
        """Leave a microcontroller the runtime that it has."""
        await self._service.change(lambda registry: registry.unassign_runtime(device), [device])
