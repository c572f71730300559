"""Which telemetry goes first and is dropped last.

``alarm``: somebody should act on it. ``event``: something happened. ``metric``: one measurement of many. A name says it
where nobody else does: ``alarm.smoke``, ``metric.temperature``; so does each of the device's own names below.
"""

from device_runtime.sync.telemetry_messages import Priority

OWN_SOURCES = frozenset({"device", "sync", "telemetry"})
"""Sources that are the device's own parts, not programs."""
_OWN_ALARMS = frozenset(
    {
        "desired_refused",
        "failed",
        "model_failed",
        "program_stopped",
        "records_dropped",
        "records_lost",
        "records_sampled",
        "rolled_back",
        "runtime_failed",
    }
)
_METRICS = frozenset({"monitor", "performance"})
"""What ``wx.reportMonitor`` and ``wx.reportPerformance`` send."""


def priority_of(source: str, name: str) -> Priority:
    """The priority of a record that brings none."""
    first = name.partition(".")[0]
    if first == "alarm" or (source in OWN_SOURCES and name in _OWN_ALARMS):
        return "alarm"
    if first == "metric" or name in _METRICS:
        return "metric"
    return "event"
