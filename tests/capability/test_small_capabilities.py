"""Telemetry, speech, and the facts of the board."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from device_runtime.capability.device import (
    battery_capabilities,
    device_capabilities,
    linux_battery,
    linux_network_type,
)
from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.capability.speech import speech_capability
from device_runtime.capability.telemetry import BURST, telemetry_capability
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller
from tests.open_privacy import OpenPrivacy


class Queue:
    """Keeps what is recorded."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, dict[str, Value]]] = []

    def __call__(self, source: str, name: str, values: Mapping[str, Value]) -> None:
        self.records.append((source, name, dict(values)))


async def test_an_event_is_recorded_under_the_program_that_reported_it(make_caller: MakeCaller) -> None:
    queue = Queue()
    gate = CapabilityGate([telemetry_capability(queue, OpenPrivacy())])
    values: Value = {"room": "hall", "on": True, "level": 0.5, "scene": None}
    await gate.invoke(make_caller("lights"), "telemetry", {"name": "light", "values": values, "source": "other"})
    await gate.invoke(make_caller("lights"), "telemetry", {"name": "started"})
    assert queue.records == [("lights", "light", values), ("lights", "started", {})]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "name must be a string"),
        ({"name": "two words"}, "name must be letters"),
        ({"name": "a/b"}, "name must be letters"),
        ({"name": "x" * 65}, "at most 64"),
        ({"name": "e", "values": [1]}, "values must be an object"),
        ({"name": "e", "values": {f"k{i}": i for i in range(33)}}, "at most 32"),
        ({"name": "e", "values": {"a b": 1}}, "values has a member"),
        ({"name": "e", "values": {"a": [1]}}, "values.a must be a string"),
        ({"name": "e", "values": {"a": {"b": 1}}}, "values.a must be a string"),
        ({"name": "e", "values": {"a": b"x"}}, "values.a must be a string"),
        ({"name": "e", "values": {"a": float("nan")}}, "finite"),
        ({"name": "e", "values": {"a": 2**70}}, "finite"),
        ({"name": "e", "values": {"a": "x" * 1025}}, "at most 1024"),
        ({"name": "e", "values": {f"k{i}": "x" * 1000 for i in range(5)}}, "at most 4096"),
    ],
)
async def test_a_bad_event_is_not_recorded(make_caller: MakeCaller, arguments: dict[str, Value], message: str) -> None:
    queue = Queue()
    gate = CapabilityGate([telemetry_capability(queue, OpenPrivacy())])
    with pytest.raises(CapabilityError, match=message):
        await gate.invoke(make_caller(), "telemetry", arguments)
    assert queue.records == []


async def test_a_flood_is_stopped_for_its_own_program_only_and_for_a_while(make_caller: MakeCaller) -> None:
    now = [100.0]
    queue = Queue()
    gate = CapabilityGate([telemetry_capability(queue, OpenPrivacy(), clock=lambda: now[0])])
    for _ in range(BURST):
        await gate.invoke(make_caller("loud"), "telemetry", {"name": "e"})
    with pytest.raises(CapabilityError, match="too many events"):
        await gate.invoke(make_caller("loud"), "telemetry", {"name": "e"})
    await gate.invoke(make_caller("quiet"), "telemetry", {"name": "e"})
    now[0] += 2
    await gate.invoke(make_caller("loud"), "telemetry", {"name": "e"})
    assert len(queue.records) == BURST + 2


class Voice:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def say(self, app_id: str, text: str) -> None:
        self.said.append((app_id, text))


async def test_a_sentence_is_said_without_control_characters(make_caller: MakeCaller) -> None:
    voice = Voice()
    gate = CapabilityGate([speech_capability(voice)])
    await gate.invoke(make_caller("timer"), "speak", {"text": " Eggs\x00 are\n ready. "})
    assert voice.said == [("timer", "Eggs are ready.")]


@pytest.mark.parametrize("words", ["", " \n", "x" * 501, 5, None])
async def test_nothing_and_too_much_are_not_said(make_caller: MakeCaller, words: Value) -> None:
    voice = Voice()
    with pytest.raises(CapabilityError, match="text"):
        await CapabilityGate([speech_capability(voice)]).invoke(make_caller(), "speak", {"text": words})
    assert voice.said == []


@pytest.mark.parametrize(
    ("interfaces", "expected"),
    [
        ({}, "none"),
        ({"lo": ("unknown", False)}, "none"),
        ({"eth0": ("down", False), "wlan0": ("down", True)}, "none"),
        ({"eth0": ("up", False)}, "unknown"),
        ({"eth0": ("up", False), "wlan0": ("up", True)}, "wifi"),
        ({"wwan0": ("unknown", False)}, "unknown"),
    ],
)
def test_the_network_type_is_read_from_the_kernel(
    tmp_path: Path, interfaces: dict[str, tuple[str, bool]], expected: str
) -> None:
    for name, (state, wireless) in interfaces.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "operstate").write_text(state + "\n")
        if wireless:
            (tmp_path / name / "wireless").mkdir()
    assert linux_network_type(tmp_path) == expected


async def test_a_board_without_a_motor_does_not_offer_vibration(make_caller: MakeCaller) -> None:
    gate = CapabilityGate(device_capabilities(lambda: "wifi"))
    assert await gate.invoke(make_caller(), "getNetworkType", {}) == {"networkType": "wifi"}
    with pytest.raises(CapabilityError, match="not supported on this host"):
        await gate.invoke(make_caller(), "vibrateShort", {})


async def test_a_board_with_a_motor_vibrates_as_strongly_as_asked(make_caller: MakeCaller) -> None:
    pulses: list[int] = []

    async def vibrate(milliseconds: int) -> None:
        pulses.append(milliseconds)

    gate = CapabilityGate(device_capabilities(lambda: "none", vibrate))
    await gate.invoke(make_caller(), "vibrateShort", {"type": "heavy"})
    await gate.invoke(make_caller(), "vibrateShort", {})
    assert pulses == [30, 20]
    with pytest.raises(CapabilityError, match="type must be one of"):
        await gate.invoke(make_caller(), "vibrateShort", {"type": "brutal"})


def supply(folder: Path, name: str, **files: str) -> None:
    (folder / name).mkdir()
    for file, text in files.items():
        (folder / name / file).write_text(f"{text}\n")


async def test_the_battery_is_the_boards_own(tmp_path: Path, make_caller: MakeCaller) -> None:
    assert linux_battery(tmp_path / "none") is None
    supply(tmp_path, "AC", type="Mains", online="1")
    supply(tmp_path, "a-mouse", type="Battery", scope="Device", capacity="5", status="Discharging")
    assert linux_battery(tmp_path) is None
    assert battery_capabilities(lambda: linux_battery(tmp_path)) == []
    supply(tmp_path, "BAT0", type="Battery", capacity="73", status="Discharging")
    (capability,) = battery_capabilities(lambda: linux_battery(tmp_path))
    assert await capability.provider(make_caller(), {}) == {
        "level": 73, "isCharging": False, "isLowPowerModeEnabled": False,
    }  # fmt: skip
    (tmp_path / "BAT0/status").write_text("Charging\n")
    assert linux_battery(tmp_path) == (73, True)
