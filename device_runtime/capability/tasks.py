"""What a capability tells a program of a task that goes on: a transfer, a socket, a sound."""

from device_runtime.capability.registry import Caller
from device_runtime.values import Value


async def tell(caller: Caller, task: str, event: str, detail: Value) -> None:
    """Tell the program of one of its tasks, in an event ``task``; a task without a name hears nothing."""
    if task:
        await caller.emit("task", {"task": task, "event": event, "detail": detail})
