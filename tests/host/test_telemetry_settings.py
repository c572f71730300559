"""The day's bytes for telemetry: the board's, unless the fleet says otherwise."""

from typing import Any

import pytest

from device_runtime.host.telemetry_settings import telemetry_settings


class Queue:
    def __init__(self) -> None:
        self.daily_bytes = -1

    def set_daily_bytes(self, count: int) -> None:
        self.daily_bytes = count


@pytest.mark.parametrize(
    ("settings", "daily_bytes", "others"),
    [
        ({}, 7000, {}),
        ({"telemetry.daily_bytes": 500}, 500, {}),
        ({"telemetry.daily_bytes": 0}, 0, {}),
        ({"telemetry.daily_bytes": 500, "volume": 3}, 500, {"volume": 3}),
        ({"telemetry.daily_bytes": -1}, 7000, {"telemetry.daily_bytes": -1}),
        ({"telemetry.daily_bytes": True}, 7000, {"telemetry.daily_bytes": True}),
        ({"telemetry.daily_bytes": "many"}, 7000, {"telemetry.daily_bytes": "many"}),
    ],
)
def test_the_fleets_number_holds_where_it_is_one(settings: Any, daily_bytes: int, others: Any) -> None:
    queue = Queue()
    heard: list[Any] = []
    telemetry_settings(queue, 7000, heard.append)(settings)
    assert queue.daily_bytes == daily_bytes
    assert heard == [others]
