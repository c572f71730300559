"""A fleet too large to be listed whole: counted, searched, and shown a page at a time. Read-only."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, get_args

from aiohttp import web
from sqlalchemy import func, select

from firmware_tools.fleet.documents import DeviceDocument, device_document
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.tables import runs
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.rollouts.query import Everything, parse_query
from firmware_tools.fleet.rollouts.query_sql import condition
from firmware_tools.fleet.rollouts.schema import device_groups, device_tags, rollout_devices, rollouts
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.selecting import of_devices
from firmware_tools.fleet.service import FleetService

Condition = Literal["failed", "rolled back", "behind", "in step", "nothing"]
"""Where a whole device stands, by what is worst on it; ``nothing``: it should have nothing and has nothing."""
MOST_DEVICES = 200
"""The most devices on one page."""
_MOST_TAGS = 500
_MOST_ROLLOUTS = 50
_CONDITIONS: tuple[Condition, ...] = get_args(Condition)
_OF_STEP: dict[str, Condition] = {
    "failed": "failed",
    "unpublished": "failed",
    "unsupported": "failed",
    "rolled back": "rolled back",
    "in step": "in step",
}


class BrowsedDevice(DeviceDocument):
    """A device with where it stands as a whole, and its tags."""

    condition: Condition
    tags: Sequence[str]


class BrowsingApi:
    """The handlers."""

    def __init__(self, service: FleetService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Every route of this part."""
        return [
            web.get("/api/overview", self.overview),
            web.get("/api/overview/devices", self.devices),
            web.get("/api/devices/{device}/memberships", self.memberships),
        ]

    async def overview(self, _request: web.Request) -> web.Response:
        """How many devices are in which state: ``{"devices", "status", "conditions", "tags"}``.

        ``status`` and ``conditions`` count devices by word; ``tags`` are ``[tag, devices]``, most frequent first.
        """
        return web.json_response(await self._service.read(lambda registry, _: overview(registry)))

    async def devices(self, request: web.Request) -> web.Response:
        """A page of devices: ``?q&condition&tag&after&limit``; answers ``{"devices", "total", "next"}``.

        ``q`` is a query as of groups; ``after`` the last id of the page before; ``next`` that of this one, or null.
        """
        query, tag, after = (request.query.get(name, "") for name in ("q", "tag", "after"))
        wanted, limit = request.query.get("condition", ""), request.query.get("limit", "50")
        if wanted and wanted not in _CONDITIONS:
            raise FleetError(f"condition must be one of {', '.join(_CONDITIONS)}")
        if not (limit.isascii() and limit.isdigit()) or len(limit) > 4 or not 1 <= int(limit) <= MOST_DEVICES:
            raise FleetError(f"limit must be a whole number from 1 to {MOST_DEVICES}")
        found = await self._service.read(
            lambda registry, _: device_page(registry, query, wanted, tag, after, int(limit))
        )
        return web.json_response(found)

    async def memberships(self, request: web.Request) -> web.Response:
        """What a device is in: ``{"tags", "groups", "rollouts", "telemetry"}``.

        ``rollouts`` have the ``state`` of the rollout and ``device_state`` with its sentence; ``telemetry`` counts the
        stored records by priority.
        """
        device = request.match_info["device"]
        return web.json_response(await self._service.read(lambda registry, _: memberships(registry, device)))


def condition_of(document: DeviceDocument) -> Condition:
    """Where a whole device stands, from its document: the worst of its programs, models, settings and runtime."""
    steps = [item["step"] for kind in ("programs", "models", "settings") for item in document[kind]]
    found: set[Condition] = {_OF_STEP.get(step, "behind") for step in steps}
    if document["runtime_should"]:
        found.add("in step" if document["runtime_should"] == document["runtime"] else "behind")
    if document["runtime_error"]:
        found.add("failed")
    return next((word for word in _CONDITIONS if word in found), "nothing")


def overview(registry: Registry) -> dict[str, Any]:
    """The fleet in numbers."""
    found = [device_document(device) for device in registry.devices()]
    tags = (
        select(device_tags.c.tag, func.count().label("number"))
        .group_by(device_tags.c.tag)
        .order_by(func.count().desc(), device_tags.c.tag)
        .limit(_MOST_TAGS)
    )
    return {
        "devices": len(found),
        "status": dict(Counter(document["status"] for document in found)),
        "conditions": dict(Counter(condition_of(document) for document in found)),
        "tags": [[row.tag, row.number] for row in registry.connection.execute(tags)],
    }


def device_page(registry: Registry, query: str, wanted: str, tag: str, after: str, limit: int) -> dict[str, Any]:
    """Devices by id after ``after``, each with its condition and tags; how many there are of the kind in all.

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
        ids = [
            device.id
            for device in registry.devices()
            if device.id in chosen and condition_of(device_document(device)) == wanted
        ]
    rest = [device for device in ids if device > after]
    shown = rest[:limit]
    tags = _tags(registry, shown)
    documents: list[BrowsedDevice] = []
    for device in shown:
        document = device_document(registry.device(device))
        documents.append({**document, "condition": condition_of(document), "tags": tags.get(device, [])})
    return {"devices": documents, "total": len(ids), "next": shown[-1] if len(rest) > limit else None}


def memberships(registry: Registry, device: str) -> dict[str, Any]:
    """The tags, groups, rollouts and stored records of a device. Raises :class:`NotFoundError`."""
    registry.device(device)
    connection, groups = registry.connection, GroupRegistry(registry.connection)
    here = devices.c.id == device
    names = connection.scalars(select(device_groups.c.name).order_by(device_groups.c.name)).all()
    joined = (
        select(
            rollout_devices, rollouts.c.name, rollouts.c.subject, rollouts.c.version_name, rollouts.c.state.label("of")
        )
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
