"""Settings in the JSON API."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypedDict

from aiohttp import web
from msgspec import Meta, Struct

from device_runtime.host.settings import SETTINGS
from firmware_tools.fleet.openapi.operation import Created, Done, operation
from firmware_tools.fleet.openapi.parameters import DeviceId, VersionCode
from firmware_tools.fleet.openapi.sentences import WORDS
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.settings.registry import SettingsRelease

SettingsName = Annotated[str, Meta(description="the name of a set of settings", examples=["nights"])]


class KnownSetting(TypedDict):
    """What can be set: ``value`` says what it may be, in words."""

    name: str
    value: str
    doc: str


class AllSettings(TypedDict):
    """Every version of every set, by name, the newest first; and what can be set."""

    settings: Sequence[SettingsRelease]
    known: Sequence[KnownSetting]


@dataclass(frozen=True, slots=True)
class PublishedSettings(SettingsRelease):
    """A version of a set; ``new``: the newest before it had other values."""

    new: bool


class NewSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A set of settings as its next version."""

    name: Annotated[
        str,
        Meta(
            description="1 to 64 lower-case letters, digits, dots, underscores and hyphens",
            extra_json_schema={"pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
            examples=["nights"],
            extra={WORDS: "a text: the name of the set"},
        ),
    ]
    values: Annotated[
        Mapping[str, Any],
        Meta(
            description="each setting with its value",
            examples=[{"update.quiet": True}],
            extra={WORDS: 'an object of settings, such as {"update.quiet": true}'},
        ),
    ]


class SettingsChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version of a set a device should follow."""

    version_code: VersionCode | None = None


class SettingsApi:
    """The handlers."""

    def __init__(self, service: FleetService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Every route of settings."""
        return [
            web.get("/api/settings", self.settings),
            web.post("/api/settings", self.publish_settings),
            web.put("/api/devices/{device}/settings/{settings}", self.assign_settings),
            web.delete("/api/devices/{device}/settings/{settings}", self.unassign_settings),
        ]

    @operation("settings")
    async def settings(self, _request: web.Request) -> AllSettings:
        """Every version of every set of settings, and what can be set."""
        found = await self._service.read(lambda registry, _: registry.settings.all())
        known: list[KnownSetting] = [
            {"name": setting.name, "value": setting.range, "doc": setting.doc} for setting in SETTINGS.values()
        ]
        return {"settings": found, "known": known}

    @operation("settings")
    async def publish_settings(
        self, _request: web.Request, body: NewSettings
    ) -> PublishedSettings | Created[PublishedSettings]:
        """Publish a set of settings, as its next version; the same values as the newest are no new one."""

        def work(registry: Registry) -> tuple[SettingsRelease, bool]:
            return registry.settings.publish(body.name, body.values, time.time())

        release, new = await self._service.change(work)
        answer = PublishedSettings(**asdict(release), new=new)
        if not new:
            return answer
        self._service.feed.announce({"type": "releases"})
        return Created(answer)

    @operation("settings", errors={404: "no such device or set", 409: "the device cannot follow it"})
    async def assign_settings(
        self, _request: web.Request, device: DeviceId, settings: SettingsName, body: SettingsChoice
    ) -> SettingsRelease:
        """Let a device follow a set of settings."""
        return await self._service.change(
            lambda registry: registry.assign_settings(device, settings, body.version_code), [device]
        )

    @operation("settings", errors={404: "no such device, or it has no such set"})
    async def unassign_settings(self, _request: web.Request, device: DeviceId, settings: SettingsName) -> Done:
        """Take a set of settings away from a device, where its board file holds again."""
        await self._service.change(lambda registry: registry.unassign_settings(device, settings), [device])
        return {}
