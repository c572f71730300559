"""``setClipboardData`` and ``getClipboardData``: one clipboard for the whole device, in memory.

It asks the owner nothing yet; who used it is recorded, what it held is not.
"""

from collections.abc import Callable, Mapping

from device_runtime.capability.arguments import text
from device_runtime.capability.registry import Caller, Capability
from device_runtime.values import Value

MAX_CHARACTERS = 100_000


def clipboard_capabilities(record: Callable[[str, str], object]) -> list[Capability]:
    """``setClipboardData {data}`` and ``getClipboardData {}`` -> ``{data}``.

    ``record(app_id, act)`` is told of every ``clipboard_written`` and ``clipboard_read``.
    """
    held = ""

    async def write(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        nonlocal held
        held = text(arguments, "data", MAX_CHARACTERS)
        record(caller.app_id, "clipboard_written")
        return None

    async def read(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 it takes nothing
        record(caller.app_id, "clipboard_read")
        return {"data": held}

    return [Capability("setClipboardData", write), Capability("getClipboardData", read)]
