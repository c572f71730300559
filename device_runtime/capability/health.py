"""``health.report``: a program says whether it is well; that decides about a version on trial."""

from collections.abc import Callable, Mapping

from device_runtime.capability.arguments import flag, text
from device_runtime.capability.registry import Caller, Capability
from device_runtime.values import Value

MAX_REASON_CHARACTERS = 200


def health_capability(said: Callable[[str, str], object]) -> Capability:
    """``health.report {ok?, reason?}``: ``said`` hears the app id, and what is wrong, or nothing when it is well."""

    async def report(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        well = flag(arguments, "ok", True)
        reason = text(arguments, "reason", MAX_REASON_CHARACTERS) if arguments.get("reason") is not None else ""
        said(caller.app_id, "" if well else reason or "it gave no reason")
        return None

    return Capability("health.report", report)
