"""Groups, tags and rollouts in the JSON API. ``docs/rollouts.md`` says what they are."""

from dataclasses import asdict, replace

from aiohttp import web

from firmware_tools.fleet.access.identity import ACTOR, OWNER
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.openapi.operation import Created, Done, Link, operation
from firmware_tools.fleet.openapi.parameters import DeviceId
from firmware_tools.fleet.rollouts.answers import (
    DevicesOfRollout,
    Groups,
    GroupWithMembers,
    QueriedDevices,
    Stopped,
    Tags,
    TagsOfDevices,
)
from firmware_tools.fleet.rollouts.documents import Overview, RolloutDocument
from firmware_tools.fleet.rollouts.groups import Group
from firmware_tools.fleet.rollouts.operations import RolloutOperations
from firmware_tools.fleet.rollouts.records import Rollout
from firmware_tools.fleet.rollouts.requests import (
    MAX_ACTOR,
    Act,
    DeviceQuery,
    EmergencyStop,
    GroupChange,
    GroupName,
    NewGroup,
    NewRollout,
    RolloutDevices,
    RolloutNumber,
    RolloutPage,
    TagChange,
    Verb,
)

_NO_GROUP = {404: "no such group"}
_NO_ROLLOUT = {404: "no such rollout"}
_ROLLOUT = {"rollout": "$response.body#/id"}
_GROUP = {"group": "$response.body#/name"}


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
            web.get("/api/query", self.query_devices),
            web.get("/api/tags", self.tags),
            web.patch("/api/devices/{device}/tags", self.tag_device),
            web.get("/api/rollouts", self.rollouts),
            web.post("/api/rollouts", self.create_rollout),
            web.post("/api/rollouts/stop", self.stop_rollouts),
            web.get("/api/rollouts/{rollout:(?!stop$)[^/]+}", self.rollout),  # `stop` is the route above
            web.get("/api/rollouts/{rollout}/devices", self.rollout_devices),
            web.post("/api/rollouts/{rollout}/{verb:start|pause|resume|approve|abort}", self.act_on_rollout),
        ]

    @operation("groups")
    async def groups(self, _request: web.Request) -> Groups:
        """Every group, with how many devices are in it now."""
        return {"groups": await self._rollouts.groups()}

    @operation(
        "groups",
        errors={404: "a device is not enrolled", 409: "there is a group of this name"},
        links=(Link("group", _GROUP), Link("change_group", _GROUP), Link("delete_group", _GROUP)),
    )
    async def create_group(self, _request: web.Request, body: NewGroup) -> Created[Group]:
        """Make a group: by a query, or a list of devices."""
        devices, description = body.devices or (), body.description or ""
        return Created(await self._rollouts.create_group(body.name, body.query, devices, description))

    @operation("groups", errors=_NO_GROUP)
    async def group(self, _request: web.Request, group: GroupName) -> GroupWithMembers:
        """A group with the devices that are in it now."""
        found, devices = await self._rollouts.group(group)
        return GroupWithMembers(**asdict(found), members=devices)

    @operation("groups", errors={404: "no such group, or a device is not enrolled"})
    async def change_group(self, _request: web.Request, group: GroupName, body: GroupChange) -> Group:
        """Change a group."""
        return await self._rollouts.change_group(
            group,
            query=body.query,
            add=body.add or (),
            remove=body.remove or (),
            description=body.description,
        )

    @operation("groups", errors={**_NO_GROUP, 409: "a rollout needs it"})
    async def delete_group(self, _request: web.Request, group: GroupName) -> Done:
        """Delete a group; its devices stay."""
        await self._rollouts.delete_group(group)
        return {}

    @operation("groups")
    async def query_devices(self, _request: web.Request, query: DeviceQuery) -> QueriedDevices:
        """The devices that a query takes now."""
        return {"devices": await self._rollouts.query(query.q)}

    @operation("groups")
    async def tags(self, _request: web.Request) -> TagsOfDevices:
        """The tags of each device that has any."""
        return {"tags": await self._rollouts.tags()}

    @operation("groups", errors={404: "no such device"})
    async def tag_device(self, _request: web.Request, device: DeviceId, body: TagChange) -> Tags:
        """Change a device's tags; answers all that it has then."""
        return {"tags": await self._rollouts.tag(device, body.add or (), body.remove or ())}

    @operation("rollouts")
    async def rollouts(self, _request: web.Request, query: RolloutPage) -> Overview:
        """A page of rollouts in brief; the emergency stop; why one cannot go on."""
        found, brake, following = await self._rollouts.overview(query.which, query.after, query.limit)
        return {"rollouts": found, "next": following, "stop": brake, "trouble": self._rollouts.trouble}

    @operation(
        "rollouts",
        errors={404: "no such release, or no such group"},
        links=(Link("rollout", _ROLLOUT), Link("rollout_devices", _ROLLOUT), Link("act_on_rollout", _ROLLOUT)),
    )
    async def create_rollout(self, request: web.Request, body: NewRollout) -> Created[RolloutDocument]:
        """Make a rollout, which does nothing until it is started."""
        subject, name, actor = body.subject or "", body.name or "", _actor(request, body.by)
        rollout = await self._rollouts.create(body.kind, subject, body.version, body.plan(), name, actor)
        return Created(await self._rollouts.document(rollout.id))

    @operation("rollouts", errors=_NO_ROLLOUT)
    async def rollout(self, _request: web.Request, rollout: RolloutNumber) -> RolloutDocument:
        """All about one rollout but its devices one by one."""
        return await self._rollouts.document(rollout)

    @operation("rollouts", errors=_NO_ROLLOUT)
    async def rollout_devices(
        self, _request: web.Request, rollout: RolloutNumber, query: RolloutDevices
    ) -> DevicesOfRollout:
        """Devices of a rollout by id, each with its state, its sentence and times."""
        found = await self._rollouts.devices(
            rollout,
            state=query.state or "",
            stage=None if query.stage is None else query.stage - 1,
            after=query.after,
            limit=query.limit,
        )
        pruned_at = None if found else await self._rollouts.pruned_at(rollout)
        return {"devices": [replace(device, stage=device.stage + 1) for device in found], "pruned_at": pruned_at}

    @operation("rollouts", errors={**_NO_ROLLOUT, 409: "this cannot be done in its state"})
    async def act_on_rollout(
        self, request: web.Request, rollout: RolloutNumber, verb: Verb, body: Act
    ) -> RolloutDocument:
        """Start, pause, resume, approve or abort a rollout."""
        await self._act(request, rollout, verb, body)
        return await self._rollouts.document(rollout)

    async def _act(self, request: web.Request, number: int, verb: Verb, body: Act) -> Rollout:
        actor, reason = _actor(request, body.by), body.reason or ""
        match verb:
            case "start":
                return await self._rollouts.start(number, actor)
            case "pause":
                return await self._rollouts.pause(number, actor, reason)
            case "resume":
                return await self._rollouts.resume(number, actor)
            case "approve":
                return await self._rollouts.approve(number, actor, at_once=body.now)
            case "abort":
                return await self._rollouts.abort(number, actor, back=body.roll_back, reason=reason)

    @operation("rollouts")
    async def stop_rollouts(self, request: web.Request, body: EmergencyStop) -> Stopped:
        """The emergency stop, and its end.

        Every rollout is paused, what devices have not switched to yet is taken back, and nothing is handed out until
        the stop is lifted.
        """
        actor = _actor(request, body.by)
        if body.lift:
            return {"lifted": await self._rollouts.lift_stop(actor), "stopped": []}
        stopped = await self._rollouts.stop_all(actor, body.reason or "")
        return {"lifted": False, "stopped": [rollout.id for rollout in stopped]}


def _actor(request: web.Request, by: str | None) -> str:
    """Who does it: the account; or as they call themselves, for whoever holds the operator token is believed."""
    account = request[ACTOR].name
    if account != OWNER:
        if by not in (None, "", account):
            raise FleetError(f"you are signed in as {account}, and cannot do this by another name: leave out by", 403)
        return account
    actor = by or "operator"
    if not actor.isprintable():
        raise FleetError(f"by must be the name of who does it, of at most {MAX_ACTOR} printable characters")
    return actor
