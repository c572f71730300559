"""Whether devices that have a release do well with it, by what they tell besides."""

from sqlalchemy import Connection, select

from firmware_tools.fleet.rollouts.records import Rollout
from firmware_tools.fleet.rollouts.schema import rollout_devices
from firmware_tools.fleet.schema import telemetry

_STOPPED = "program_stopped"
"""What a device records when it gives a program up that ended again and again."""
_SLACK = 60.0
_NO_CLOCK = 1_577_836_800.0
"""2020-01-01: a device with an earlier time has no clock."""


def troubles(connection: Connection, rollout: Rollout) -> dict[str, str]:
    """Of the devices that have reached the release and are watched: why one is not healthy, in a sentence.

    A record counts when it came after the device had the release, and was made then by the device's own clock, if it
    has one: what a device brings along from before does not speak of the release.
    """
    if rollout.kind != "program":
        return {}
    query = (
        select(telemetry.c.device, telemetry.c["values"], telemetry.c.time, rollout_devices.c.reached_at)
        .join(rollout_devices, rollout_devices.c.device == telemetry.c.device)
        .where(
            rollout_devices.c.rollout == rollout.id,
            rollout_devices.c.state == "reached",
            telemetry.c.name == _STOPPED,
            telemetry.c.received_at >= rollout_devices.c.reached_at,
        )
        .order_by(telemetry.c.received_at)
    )
    found: dict[str, str] = {}
    for row in connection.execute(query):
        values = row[1] if isinstance(row[1], dict) else {}
        then = row.time < _NO_CLOCK or row.time >= row.reached_at - _SLACK
        if then and values.get("app_id") == rollout.subject:
            reason = str(values.get("reason") or "it does not say why")[:500]
            found[row.device] = f"the program ended again and again and was stopped: {reason}"
    return found
