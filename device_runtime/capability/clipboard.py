"""``setClipboardData`` and ``getClipboardData``: one clipboard for the whole device, in memory.

It asks the owner nothing yet; who used it is recorded, what it held is not. Who reads it has seen whatever the one who
wrote it had seen.
"""

from collections.abc import Callable, Mapping

from device_runtime.capability.arguments import text
from device_runtime.capability.privacy import Privacy
from device_runtime.capability.registry import Caller, Capability
from device_runtime.program.data_plan import Category
from device_runtime.values import Value

MAX_CHARACTERS = 100_000
_ACTS = 2


def clipboard_capabilities(record: Callable[[str, str], object], privacy: Privacy) -> list[Capability]:
    """``setClipboardData {data}`` and ``getClipboardData {}`` -> ``{data}``.

    ``record(app_id, act)`` is told of every ``clipboard_written`` and ``clipboard_read`` that ``privacy`` lets the
    device tell.
    """
    held = ""
    of: frozenset[Category] = frozenset()

    def note(caller: Caller, act: str) -> None:
        if privacy.may_hint(caller.app_id, _ACTS):
            record(caller.app_id, act)

    async def write(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        nonlocal held, of
        held, of = text(arguments, "data", MAX_CHARACTERS), privacy.seen(caller.app_id)
        note(caller, "clipboard_written")
        return None

    async def read(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 it takes nothing
        privacy.hand(caller.app_id, of)
        note(caller, "clipboard_read")
        return {"data": held}

    return [Capability("setClipboardData", write), Capability("getClipboardData", read)]
