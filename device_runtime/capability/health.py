"""``health.report``: a program says whether it is well; that decides about a version on trial."""

import logging
from collections.abc import Callable, Mapping

from device_runtime.capability.arguments import flag, text
from device_runtime.capability.privacy import Privacy
from device_runtime.capability.registry import Caller, Capability
from device_runtime.errors import CygnetError
from device_runtime.privacy.outflow import event_outflow
from device_runtime.values import Value

logger = logging.getLogger(__name__)

MAX_REASON_CHARACTERS = 200
ITEM = "health"
"""The item of a data plan under which the reason leaves; its field is ``reason``."""


def health_capability(said: Callable[[str, str], object], privacy: Privacy) -> Capability:
    """``health.report {ok?, reason?}``: ``said`` hears the app id, and what is wrong, or nothing when it is well.

    The reason reaches the fleet; it is left out where the data plan has no item ``health``, or nobody agreed to it.
    """

    async def report(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        well = flag(arguments, "ok", True)
        reason = text(arguments, "reason", MAX_REASON_CHARACTERS) if arguments.get("reason") is not None else ""
        if reason and not well:
            outflow = event_outflow(ITEM, {"reason": reason}, len(reason))
            try:
                privacy.permit_now(caller.app_id, caller.manifest.data_plan, outflow)
            except CygnetError as error:
                logger.info("%s is not well: %s; only that is passed on: %s", caller.app_id, reason, error)
                reason = ""
        said(caller.app_id, "" if well else reason or "it gave no reason")
        return None

    return Capability("health.report", report)
