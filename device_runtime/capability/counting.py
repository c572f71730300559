"""``privacy.count``: a program lets a value be counted across its fleet; what is sent is randomised."""

from collections.abc import Mapping

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.privacy import Counting
from device_runtime.capability.registry import Caller, Capability
from device_runtime.capability.telemetry import Recorder
from device_runtime.values import Value

MAX_NAME_CHARACTERS = 64
MAX_TEXT_CHARACTERS = 1024


def count_capability(record: Recorder, counting: Counting) -> Capability:
    """``privacy.count {name, value}``: ``name`` is an item of the data plan with the precision ``aggregated``,
    ``value`` one of the values of its field. A second call a day says nothing more, and is no error."""

    async def count(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        name = text(arguments, "name", MAX_NAME_CHARACTERS)
        value = arguments.get("value")
        if isinstance(value, str):
            value = text(arguments, "value", MAX_TEXT_CHARACTERS)
        elif not isinstance(value, bool | int | float):
            raise refuse("value must be a string, a number or a boolean: one of those of the item's field")
        values = await counting.count(caller.app_id, caller.manifest.data_plan, name, value)
        if values is not None:
            record(caller.app_id, name, values, "event")
        return None

    return Capability("privacy.count", count)
