"""What a program may do with itself: step back to the launcher, and restart into a version that is installed."""

import asyncio
import logging
from collections.abc import Mapping

from device_runtime.capability.arguments import text
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.errors import CygnetError
from device_runtime.host.desk import Desk
from device_runtime.values import Value

logger = logging.getLogger(__name__)

MAX_PATH = 2048


def leaving_capabilities(desk: Desk) -> list[Capability]:
    """``exitMiniProgram {}``: the launcher, where the program is in front; ``update.apply {}``: end it, and start what
    is installed in its place; ``restartMiniProgram {path?}``: the same, and open a page of it."""
    restarts: set[asyncio.Task[None]] = set()

    async def leave(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 it takes nothing
        if desk.front != caller.app_id:
            raise CapabilityError("the program is not in front")
        desk.home()
        return None

    async def restart(app_id: str, path: str = "") -> None:
        try:
            await desk.replace(app_id)
            session = desk.running(app_id)
            if path and session is not None:
                session.open(path, "reLaunch")
        except CygnetError as error:
            logger.error("%s could not be started again: %s", app_id, error)

    async def apply(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 it takes nothing
        # Not with caller.keep: this work ends the program that asked for it.
        task = asyncio.create_task(restart(caller.app_id))
        restarts.add(task)
        task.add_done_callback(restarts.discard)
        return None

    async def again(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = text(arguments, "path", MAX_PATH, "").lstrip("/")
        task = asyncio.create_task(restart(caller.app_id, path))
        restarts.add(task)
        task.add_done_callback(restarts.discard)
        return None

    return [
        Capability("exitMiniProgram", leave),
        Capability("update.apply", apply),
        Capability("restartMiniProgram", again),
    ]
