"""A fleet too large to be listed whole: counted, searched, and shown a page at a time. Read-only."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, TypedDict, get_args

from aiohttp import web
from msgspec import Meta, Struct
from sqlalchemy import func, select

from firmware_tools.fleet.documents import DeviceDocument, device_document, program_step
from firmware_tools.fleet.events.tables import runs
from firmware_tools.fleet.model_documents import model_step
from firmware_tools.fleet.openapi.operation import operation
from firmware_tools.fleet.openapi.parameters import DeviceId
from firmware_tools.fleet.openapi.sentences import one_of
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.rollouts.query import Everything, parse_query
from firmware_tools.fleet.rollouts.query_sql import condition
from firmware_tools.fleet.rollouts.requests import DeviceSearch
from firmware_tools.fleet.rollouts.schema import device_groups, device_tags, rollout_devices, rollouts
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.selecting import of_devices
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.settings.documents import settings_documents

Condition = Literal["failed", "rolled back", "behind", "in step", "nothing"]
"""Where a whole device stands, by what is worst on it; ``nothing``: it should have nothing and has nothing."""
MOST_DEVICES = 200
"""The most devices on one page."""
_MOST_TAGS = 500
_MOST_ROLLOUTS = 50
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
_OF_STEP: dict[str, Condition] = {
    "failed": "failed",
    "unpublished": "failed",
    "unsupported": "failed",
    "rolled back": "rolled back",
    "in step": "in step",
}


class Overview(TypedDict):
    """The fleet in numbers: devices by word of their ``status`` and ``conditions``; ``tags`` are ``[tag, devices]``,
    the most frequent first."""

    devices: int
    status: dict[str, int]
    conditions: dict[str, int]
    tags: list[list[str | int]]


class BrowsedDevice(DeviceDocument):
    """A device with where it stands as a whole, and its tags."""

    condition: Condition
    tags: Sequence[str]


class DevicePage(TypedDict):
    """Documents of devices by id, with ``condition`` and ``tags`` beside the usual members; how many there are of the
    kind in all; the id after which the next page begins, or null."""

    devices: list[BrowsedDevice]
    total: int
    next: str | None


class Membership(TypedDict):
    """A rollout that a device is in: the ``state`` of the rollout, and the device's own with its sentence."""

    id: int
    name: str
    subject: str
    version_name: str
    state: str
    stage: int
    device_state: str
    error: str


class Memberships(TypedDict):
    """What a device is in; ``telemetry`` counts its stored records by priority."""

    tags: list[str]
    groups: list[str]
    rollouts: list[Membership]
    telemetry: dict[str, int]


class Page(Struct, frozen=True):
    """Which devices: taken by a query ``q``, in a ``condition``, with a ``tag``; of ids ``after`` the last one seen."""

    q: DeviceSearch = ""
    condition: Annotated[Condition, one_of(Condition)] | None = None
    tag: Annotated[str, Meta(max_length=64)] = ""
    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_DEVICES)] = 50


class BrowsingApi:
    """The handlers."""

    def __init__(self, service: FleetService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Every route of this part."""
        return [
            web.get("/api/overview", self.fleet_overview),
            web.get("/api/overview/devices", self.device_page),
            web.get("/api/devices/{device}/memberships", self.device_memberships),
        ]

    @operation("devices")
    async def fleet_overview(self, _request: web.Request) -> Overview:
        """How many devices are in which state."""
        return await self._service.read(lambda registry, _: overview(registry))

    @operation("devices")
    async def device_page(self, _request: web.Request, query: Page) -> DevicePage:
        """A page of devices, by id."""
        return await self._service.read(
            lambda registry, _: device_page(
                registry, query.q, query.condition or "", query.tag, query.after, query.limit
            )
        )

    @operation("devices", errors={404: "no such device"})
    async def device_memberships(self, _request: web.Request, device: DeviceId) -> Memberships:
        """What a device is in, and what is stored of it."""
        return await self._service.read(lambda registry, _: memberships(registry, device))


def condition_of(device: Device) -> Condition:
    """Where a whole device stands: the worst of its programs, models, settings and runtime."""
    steps: set[str] = {
        program_step(device.should.get(app_id), device.has.get(app_id))
        for app_id in device.should.keys() | device.has.keys()
    }
    has = device.models_has or {}
    from_fleet = {name for name, report in has.items() if report.phase != "built-in"}
    for name in device.models_should.keys() | device.models_wanted.keys() | from_fleet:
        should, wanted = device.models_should.get(name), bool(device.models_wanted.get(name))
        target = should.target if should is not None else None
        steps.add(model_step(target, has.get(name), wanted=wanted, takes=device.takes_models))
    heard = device.reported_at is not None
    of_settings = settings_documents(device.id, device.settings_should, device.settings_has, heard=heard)
    steps.update(document["step"] for document in of_settings)
    if device.runtime_should:
        steps.add("in step" if device.runtime_should == device.runtime else "waiting")
    if device.runtime_error:
        steps.add("failed")
    found = {_OF_STEP.get(step, "behind") for step in steps}
    return next((word for word in CONDITIONS if word in found), "nothing")


def overview(registry: Registry) -> Overview:
    """The fleet in numbers."""
    found = registry.devices()
    tags = (
        select(device_tags.c.tag, func.count().label("number"))
        .group_by(device_tags.c.tag)
        .order_by(func.count().desc(), device_tags.c.tag)
        .limit(_MOST_TAGS)
    )
    return {
        "devices": len(found),
        "status": dict(Counter(device.status for device in found)),
        "conditions": dict(Counter(condition_of(device) for device in found)),
        "tags": [[row.tag, row.number] for row in registry.connection.execute(tags)],
    }


def device_page(registry: Registry, query: str, wanted: str, tag: str, after: str, limit: int) -> DevicePage:
    """Devices by id after ``after``.

    Raises:
        QueryError: the query cannot be read.
    """
    taken = condition(parse_query(query) if query.strip() else Everything())
    if tag:
        tagged = select(device_tags.c.device).where(device_tags.c.tag == tag)
        taken = taken & devices.c.id.in_(tagged)
    ids: Sequence[str] = list(registry.connection.scalars(select(devices.c.id).where(taken).order_by(devices.c.id)))
    if wanted:  # what a device has is compared with what it should have here, not in the database
        chosen = set(ids)
        ids = [device.id for device in registry.devices() if device.id in chosen and condition_of(device) == wanted]
    rest = [device for device in ids if device > after]
    shown, tags = rest[:limit], _tags(registry, rest[:limit])
    found = [registry.device(device) for device in shown]
    return {
        "devices": [
            {**device_document(device), "condition": condition_of(device), "tags": tags.get(device.id, [])}
            for device in found
        ],
        "total": len(ids),
        "next": shown[-1] if len(rest) > limit else None,
    }


def memberships(registry: Registry, device: str) -> Memberships:
    """The tags, groups, rollouts and stored records of a device. Raises :class:`NotFoundError`."""
    registry.device(device)
    connection, groups = registry.connection, GroupRegistry(registry.connection)
    here = devices.c.id == device
    names = connection.scalars(select(device_groups.c.name).order_by(device_groups.c.name)).all()
    rollout = (rollouts.c.name, rollouts.c.subject, rollouts.c.version_name, rollouts.c.state.label("of"))
    joined = (
        select(rollout_devices, *rollout)
        .join(rollouts, rollouts.c.id == rollout_devices.c.rollout)
        .where(rollout_devices.c.device == device)
        .order_by(rollouts.c.id.desc())
        .limit(_MOST_ROLLOUTS)
    )
    counted = (
        select(runs.c.priority, func.sum(runs.c.last - runs.c.first + 1).label("number"))
        .where(runs.c.device == device)
        .group_by(runs.c.priority)
    )
    return {
        "tags": groups.tags(device),
        "groups": [name for name in names if groups.devices_of(groups.condition(name) & here)],
        "rollouts": [
            {
                "id": row.rollout,
                "name": row.name,
                "subject": row.subject,
                "version_name": row.version_name,
                "state": row.of,
                "stage": row.stage + 1,
                "device_state": row.state,
                "error": row.error,
            }
            for row in connection.execute(joined)
        ],
        "telemetry": {row.priority: int(row.number) for row in connection.execute(counted)},
    }


def _tags(registry: Registry, chosen: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    query = select(device_tags).where(of_devices(device_tags.c.device, list(chosen))).order_by(device_tags.c.tag)
    for row in registry.connection.execute(query):
        found.setdefault(row.device, []).append(row.tag)
    return found
