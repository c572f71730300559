"""What an operator can do to a fleet, whatever the way: operator page, command line, script."""

import asyncio
import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import encode_public_key
from firmware_tools.fleet.enroll import Provisioning
from firmware_tools.fleet.models import ModelRelease, sign_model
from firmware_tools.fleet.publish import sign_release
from firmware_tools.fleet.records import Release
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.runtimes import RuntimeRelease, seal_runtime
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.trust.keeper import TrustKeeper


class Operations:
    """The operator's verbs. Each either happens whole or raises a :class:`CygnetError` and changes nothing."""

    def __init__(
        self, service: FleetService, key: Ed25519PrivateKey, device_broker: str, trust: TrustKeeper | None = None
    ) -> None:
        self._service, self._key, self._device_broker, self._trust = service, key, device_broker, trust

    async def publish(self, data: bytes, name: str) -> tuple[Release, bool]:
        """Publish a package; the second value is false when these bytes were published before."""
        sealed, package = await asyncio.to_thread(sign_release, data, name, self._key)
        await self._check_signer(f"programs/{package.manifest.app_id}/{package.manifest.version.code}.ma")
        await self._service.add_content(sealed)
        release, new = await self._service.change(
            lambda registry: registry.publish(package.manifest, package.sha256, package.size, time.time())
        )
        await self._sign_for(release)
        if new:
            self._service.feed.announce({"type": "releases"})
        return release, new

    async def _check_signer(self, path: str) -> None:
        if self._trust is not None:
            await asyncio.to_thread(self._trust.check_signer, path)

    async def _sign_for(self, release: Release | ModelRelease) -> None:
        if self._trust is not None:
            await asyncio.to_thread(self._trust.offer, [release])

    async def require_signed(self, kind: str, subject: str, version_code: int) -> None:
        """Refuse to hand out a ``program`` or ``model`` that devices would refuse, since nobody signed for it.

        Raises:
            FleetError: it is not signed for; the sentence names who has to.
        """

        def find(registry: Registry) -> Release | ModelRelease | None:
            if kind == "program":
                return next(
                    (
                        release
                        for release in registry.releases()
                        if (release.app_id, release.version_code) == (subject, version_code)
                    ),
                    None,
                )
            models = registry.models.all() if kind == "model" else []
            return next((m for m in models if (m.model, m.version_code) == (subject, version_code)), None)

        await self._require_signed(find)

    async def _require_signed(self, find: Callable[[Registry], Release | ModelRelease | None]) -> None:
        """Before it is assigned: devices would refuse what is not signed."""
        if self._trust is not None and self._trust.active:
            release = await self._service.read(lambda registry, _: find(registry))
            if release is not None:
                await asyncio.to_thread(self._trust.require, release)

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
        provisioning = await self.joining(device, mac)
        return replace(provisioning, device_key=base64.b64encode(key).decode()), new

    async def joining(self, device: str, mac: bool = False) -> Provisioning:
        """What a device must be told, whether it is let in or not; ``mac``: as :meth:`enroll`."""
        return Provisioning(
            self._service.fleet,
            device,
            self._device_broker,
            encode_public_key(self._key.public_key()),
            root=await self._root() if not mac else "",
        )

    async def _root(self) -> str:
        root = await asyncio.to_thread(self._trust.enrolled_root) if self._trust is not None else None
        return f"{root.version}:{root.sha256}" if root is not None else ""

    async def assign(self, device: str, app_id: str, version_code: int | None, launch: bool) -> Release:
        """Let a device have a release; the newest one when ``version_code`` is ``None``."""

        def find(registry: Registry) -> Release | None:
            of = [release for release in registry.releases() if release.app_id == app_id]
            return next((release for release in of if version_code in (None, release.version_code)), None)

        await self._require_signed(find)
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
        await self._check_signer(f"models/{package.card.name}/{package.card.version.code}.ma")
        await self._service.add_content(sealed)
        served: list[str] = []

        def work(registry: Registry) -> tuple[ModelRelease, bool, list[str]]:
            release, new, devices = registry.publish_model(package, time.time())
            served.extend(devices)
            return release, new, devices

        result = await self._service.change(work, served)  # read when the work is done
        await self._sign_for(result[0])
        if result[1]:
            self._service.feed.announce({"type": "releases"})
        return result

    async def assign_model(self, device: str, name: str, version_code: int | None) -> ModelRelease:
        """Let a device have a model; the newest version when ``version_code`` is ``None``."""

        def find(registry: Registry) -> ModelRelease | None:
            of = [release for release in registry.models.all() if release.model == name]
            return next((release for release in of if version_code in (None, release.version_code)), None)

        await self._require_signed(find)
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
