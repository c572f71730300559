"""Groups, tags and rollouts in the JSON API. ``docs/rollouts.md`` lists the requests."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

from aiohttp import web

from firmware_tools.fleet.access.identity import ACTOR, OWNER
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.rollouts.judge import DeviceState
from firmware_tools.fleet.rollouts.operations import RolloutOperations
from firmware_tools.fleet.rollouts.options import MEMBERS
from firmware_tools.fleet.rollouts.records import Kind, Rollout
from firmware_tools.fleet.rollouts.store import MOST_DEVICES

MAX_ACTOR = 100


class RolloutApi:
    """The handlers."""

    def __init__(self, rollouts: RolloutOperations) -> None:
        self._rollouts = rollouts

    def routes(self) -> list[web.RouteDef]:
        """Every route of groups and rollouts."""
        return [
            web.get("/api/groups", self.groups),
            web.post("/api/groups", self.create_group),
            web.get("/api/groups/{group}", self.group),
            web.patch("/api/groups/{group}", self.change_group),
            web.delete("/api/groups/{group}", self.delete_group),
            web.get("/api/query", self.query),
            web.get("/api/tags", self.tags),
            web.patch("/api/devices/{device}/tags", self.tag),
            web.get("/api/rollouts", self.overview),
            web.post("/api/rollouts", self.create),
            web.post("/api/rollouts/stop", self.stop),
            web.get("/api/rollouts/{rollout}", self.show),
            web.get("/api/rollouts/{rollout}/devices", self.devices),
            web.post("/api/rollouts/{rollout}/{verb:start|pause|resume|approve|abort}", self.act),
        ]

    async def groups(self, _request: web.Request) -> web.Response:
        """Every group, with how many devices are in it now."""
        return web.json_response({"groups": [asdict(group) for group in await self._rollouts.groups()]})

    async def create_group(self, request: web.Request) -> web.Response:
        """Make a group: ``{"name", "query"? | "devices"?, "description"?}``."""
        body = await _body(request, ("name", "query", "devices", "description"))
        name, query = body.get("name"), body.get("query")
        if not isinstance(name, str) or not (query is None or isinstance(query, str)):
            raise FleetError('a group takes {"name": "its-name"} and a "query" (a text) or "devices" (a list)')
        group = await self._rollouts.create_group(name, query, _texts(body, "devices"), _text(body, "description"))
        return web.json_response(asdict(group), status=201)

    async def group(self, request: web.Request) -> web.Response:
        """A group with the devices that are in it now."""
        group, devices = await self._rollouts.group(request.match_info["group"])
        return web.json_response({**asdict(group), "members": devices})

    async def change_group(self, request: web.Request) -> web.Response:
        """Change a group: ``{"query"?, "add"?, "remove"?, "description"?}``."""
        body = await _body(request, ("query", "add", "remove", "description"))
        for member in ("query", "description"):
            if not (body.get(member) is None or isinstance(body[member], str)):
                raise FleetError(f"{member} must be a text")
        group = await self._rollouts.change_group(
            request.match_info["group"],
            query=body.get("query"),
            add=_texts(body, "add"),
            remove=_texts(body, "remove"),
            description=body.get("description"),
        )
        return web.json_response(asdict(group))

    async def delete_group(self, request: web.Request) -> web.Response:
        """Delete a group; its devices stay."""
        await self._rollouts.delete_group(request.match_info["group"])
        return web.json_response({})

    async def query(self, request: web.Request) -> web.Response:
        """The devices that ``?q=`` takes now."""
        return web.json_response({"devices": await self._rollouts.query(request.query.get("q", ""))})

    async def tags(self, _request: web.Request) -> web.Response:
        """The tags of each device that has any."""
        return web.json_response({"tags": await self._rollouts.tags()})

    async def tag(self, request: web.Request) -> web.Response:
        """Change a device's tags: ``{"add"?, "remove"?}``; answers all that it has then."""
        body = await _body(request, ("add", "remove"))
        tags = await self._rollouts.tag(request.match_info["device"], _texts(body, "add"), _texts(body, "remove"))
        return web.json_response({"tags": tags})

    async def overview(self, _request: web.Request) -> web.Response:
        """Every rollout in brief; the emergency stop; why one cannot go on."""
        found, brake = await self._rollouts.overview()
        stop = None if brake is None else asdict(brake)
        return web.json_response({"rollouts": found, "stop": stop, "trouble": self._rollouts.trouble})

    async def create(self, request: web.Request) -> web.Response:
        """Make a rollout: ``{"kind", "subject"?, "version"?, "name"?, "by"?}`` and the members of a plan."""
        body = await _body(request, ("kind", "subject", "version", "name", "by", *MEMBERS))
        kind, version = body.get("kind", "program"), body.get("version")
        if kind not in get_args(Kind):
            raise FleetError(f"kind must be one of {', '.join(get_args(Kind))}")
        if not (version is None or isinstance(version, str | int)) or isinstance(version, bool):
            raise FleetError("version must be a version code, the version of a runtime, or null for the newest")
        plan = {name: value for name, value in body.items() if name in MEMBERS and value is not None}
        subject, name, actor = _text(body, "subject"), _text(body, "name"), _actor(request, body)
        rollout = await self._rollouts.create(kind, subject, version, plan, name, actor)
        return web.json_response(await self._rollouts.document(rollout.id), status=201)

    async def show(self, request: web.Request) -> web.Response:
        """All about one rollout but its devices one by one."""
        return web.json_response(await self._rollouts.document(_number(request)))

    async def devices(self, request: web.Request) -> web.Response:
        """Devices of a rollout: ``?state&stage&after&limit``."""
        state, stage = request.query.get("state", ""), request.query.get("stage")
        if state and state not in get_args(DeviceState):
            raise FleetError(f"state must be one of {', '.join(get_args(DeviceState))}")
        found = await self._rollouts.devices(
            _number(request),
            state=state,
            stage=None if stage is None else _whole("stage", stage, 1, 1_000) - 1,
            after=request.query.get("after", ""),
            limit=_whole("limit", request.query.get("limit", "100"), 1, MOST_DEVICES),
        )
        return web.json_response({"devices": [{**asdict(device), "stage": device.stage + 1} for device in found]})

    async def act(self, request: web.Request) -> web.Response:
        """Start, pause, resume, approve or abort: ``{"by"?, "reason"?, "now"?, "roll_back"?}``."""
        number, verb = _number(request), request.match_info["verb"]
        body = await _body(request, ("by", "reason", "now", "roll_back"))
        await self._act(request, number, verb, body)
        return web.json_response(await self._rollouts.document(number))

    async def _act(self, request: web.Request, number: int, verb: str, body: Mapping[str, Any]) -> Rollout:
        actor, reason = _actor(request, body), _text(body, "reason")
        match verb:
            case "start":
                return await self._rollouts.start(number, actor)
            case "pause":
                return await self._rollouts.pause(number, actor, reason)
            case "resume":
                return await self._rollouts.resume(number, actor)
            case "approve":
                return await self._rollouts.approve(number, actor, at_once=_flag(body, "now"))
            case _:
                return await self._rollouts.abort(number, actor, back=_flag(body, "roll_back"), reason=reason)

    async def stop(self, request: web.Request) -> web.Response:
        """The emergency stop: ``{"by"?, "reason"?}``; with ``{"lift": true}`` its end."""
        body = await _body(request, ("by", "reason", "lift"))
        actor = _actor(request, body)
        if _flag(body, "lift"):
            return web.json_response({"lifted": await self._rollouts.lift_stop(actor), "stopped": []})
        stopped = await self._rollouts.stop_all(actor, _text(body, "reason"))
        return web.json_response({"lifted": False, "stopped": [rollout.id for rollout in stopped]})


async def _body(request: web.Request, known: tuple[str, ...]) -> dict[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
    except (ValueError, RecursionError) as error:
        raise FleetError("the request's body is not JSON") from error
    if not isinstance(body, dict) or not body.keys() <= set(known):
        raise FleetError(f"the request's body must be a JSON object with the members {', '.join(known)}")
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # no database takes such a text
        raise FleetError("the request's body holds half a character (a surrogate without its other half)") from error
    return body


def _actor(request: web.Request, body: Mapping[str, Any]) -> str:
    """Who does it: the account; or as they call themselves, for whoever holds the operator token is believed."""
    account = request[ACTOR].name
    if account != OWNER:
        if body.get("by") not in (None, "", account):
            raise FleetError(f"you are signed in as {account}, and cannot do this by another name: leave out by", 403)
        return account
    actor = body.get("by") or "operator"
    if not isinstance(actor, str) or len(actor) > MAX_ACTOR or not actor.isprintable():
        raise FleetError(f"by must be the name of who does it, of at most {MAX_ACTOR} printable characters")
    return actor


def _number(request: web.Request) -> int:
    return _whole("a rollout's number", request.match_info["rollout"], 1, 2**31 - 1)


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or not low <= int(text) <= high:
        raise FleetError(f"{name} must be a whole number from {low} to {high}, not {text[:40]!r}")
    return int(text)


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise FleetError(f"{name} must be a list of texts")
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise FleetError(f"{name} must be a text")
    return value


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise FleetError(f"{name} must be true or false")
    return value
