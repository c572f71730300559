"""What the fleet sets holds in place of the board file's, and what cannot be followed is told back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.host.fleet_settings import FleetSettings
from device_runtime.host.settings import SETTINGS, fault_of, rules_with
from device_runtime.sync.messages import Reported, SettingReport, decode_reported, encode
from device_runtime.update.rules import UpdateRules
from device_runtime.values import Value

BOARD = UpdateRules(idle_minutes=5, windows=("01:00-02:00",))


class Queue:
    daily_bytes = -1

    def set_daily_bytes(self, count: int) -> None:
        self.daily_bytes = count


class Device:
    def __init__(self) -> None:
        self.queue = Queue()
        self.told: list[tuple[str, str, Mapping[str, Value]]] = []
        self.settings = FleetSettings(BOARD, 7000, self.queue, lambda *record: self.told.append(record))


def test_settings_hold_until_the_fleet_takes_them_back() -> None:
    device = Device()
    device.settings.hear({})
    assert (device.settings.rules.now, device.queue.daily_bytes) == (BOARD, 7000)
    device.settings.hear({"telemetry.daily_bytes": 500, "update.windows": ["22:00-05:00"], "update.quiet": False})
    assert device.queue.daily_bytes == 500
    assert device.settings.rules.now == replace(BOARD, windows=("22:00-05:00",), quiet=False)
    device.settings.hear({"update.idle_minutes": 0})
    assert (device.settings.rules.now, device.queue.daily_bytes) == (replace(BOARD, idle_minutes=0), 7000)
    device.settings.hear({})
    assert (device.settings.rules.now, device.settings.reports(), device.told) == (BOARD, {}, [])


FAULTS: list[tuple[str, Any, str]] = [
    ("volume", 60, "volume is no setting of a device; there are telemetry.daily_bytes, update.idle_minutes, "),
    ("update.obstacles", {}, "update.obstacles is no setting of a device; "),
    ("telemetry.daily_bytes", -1, "telemetry.daily_bytes must be a whole number from 0 to 9007199254740991, not -1"),
    ("telemetry.daily_bytes", True, "telemetry.daily_bytes must be a whole number from 0 to"),
    ("update.idle_minutes", 1441, "update.idle_minutes must be a whole number from 0 to 1440, not 1441"),
    ("update.idle_minutes", 5.5, "update.idle_minutes must be a whole number from 0 to 1440, not 5.5"),
    ("update.deadline_hours", "soon", "update.deadline_hours must be a number from 0 to 8760, not 'soon'"),
    ("update.deadline_hours", float("inf"), "update.deadline_hours must be a number from 0 to 8760, not inf"),
    ("update.trial_seconds", 0, "update.trial_seconds must be a number from 0.1 to 86400, not 0"),
    ("update.quiet", 1, "update.quiet must be true or false, not 1"),
    ("update.windows", "22:00-05:00", 'update.windows must be a list of at most 8 times such as ["22:30-05:00"], not'),
    ("update.windows", ["25:00-05:00"], "update.windows must be a list"),
    ("update.windows", ["05:00-05:00"], "update.windows must be a list"),
    ("update.windows", ["01:00-02:00"] * 9, "update.windows must be a list"),
    ("update.windows", [{}], "update.windows must be a list"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), FAULTS)
def test_what_cannot_be_followed_is_told_and_leaves_the_others_alone(name: str, value: Any, sentence: str) -> None:
    device = Device()
    device.settings.hear({name: value, "update.battery_percent": 40})
    assert device.settings.rules.now == replace(BOARD, battery_percent=40)
    assert device.queue.daily_bytes == 7000
    reports = device.settings.reports()
    assert reports["update.battery_percent"] == SettingReport(40)
    assert reports[name].error.startswith(sentence)
    assert device.told == [("device", "settings_ignored", {"names": name})]


def test_a_huge_value_is_not_sent_back() -> None:
    device = Device()
    device.settings.hear({"volume": "x" * 100_000})
    assert device.settings.reports()["volume"].value is None
    assert len(device.settings.reports()["volume"].error) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from([*SETTINGS, "volume"]), JSON, max_size=8))
def test_whatever_is_wanted_rules_come_out_that_a_board_file_could_have(settings: dict[str, Any]) -> None:
    good = {name: value for name, value in settings.items() if not fault_of(name, value)}
    rules = rules_with(BOARD, good)
    assert not list(rules.faults({}))
    assert 0 <= rules.idle_minutes <= 1440


def test_reports_travel() -> None:
    reports = {"update.quiet": SettingReport(False), "volume": SettingReport(3, "volume is no setting")}
    reported = Reported(1, 2, "speaker", "1", {}, settings=reports)
    assert decode_reported(encode(reported)) == reported
    assert decode_reported(encode(Reported(1, 2, "speaker", "1", {}))).settings is None
