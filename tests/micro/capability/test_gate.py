"""What a board does for its programs, on simulated pins."""

from pathlib import Path
from typing import Any

import pytest

from device_runtime.micro.capability.sensors import crc8
from tests.micro.board import run_json

BOARD = {
    "name": "tried",
    "simulated": True,
    "organisation": "Example AG",
    "leds": {
        "status": {"pin": "LED"},
        "low": {"pin": 3, "low": True},
        "lamp": {"pin": 15, "pwm": True},
        "strip": {"pin": 2, "pixels": 3},
    },
    "buzzer": {"pin": 12},
    "sensors": {
        "temperature": {"driver": "adc", "pin": 4, "scale": -581.06, "offset": 437.23, "unit": "C"},
        "room": {"driver": "aht20", "sda": 0, "scl": 1, "unit": "C"},
        "damp": {"driver": "aht20", "sda": 0, "scl": 1, "quantity": "humidity", "unit": "%"},
        "odd": {"driver": "none", "pin": 1},
    },
}
_CALLS = """
import asyncio
from micro import clock
from micro.capability.gate import Gate
from micro.capability.pins import hardware
from micro.program.errors import CapabilityError
now = [0]
clock.ticks_ms = lambda: now[0]
root, board = given["root"], given["board"]
told = []
class Services:
    def telemetry(self, source, name, values):
        told.append([source, name, values])
        return name != "unwanted"
gate = Gate(root, board, Services(), hardware(root, board), "com.example.tried", given["permissions"])
def pin(name):
    try:
        with open(root + "cygnet/pins/" + name) as file: return file.read()
    except OSError: return None
made = []
async def main():
    for step in given["steps"]:
        if step[0] == "pin": made.append(pin(step[1]))
        elif step[0] == "put":
            with open(root + "cygnet/pins/" + step[1], "w") as file: file.write(step[2])
        elif step[0] == "wait": now[0] += step[1]
        elif step[0] == "sleep": await asyncio.sleep(step[1])
        elif step[0] == "end": gate.end()
        elif step[0] == "again":
            again = Gate(root, board, Services(), hardware(root, board), "com.example.tried", [])
            made.append(again.invoke(step[1], step[2]))
        else:
            try:
                made.append(gate.invoke(step[0], step[1]))
                said = gate.flush()
                if said: made[-1] = "said: " + said
            except CapabilityError as error: made.append("refused: " + str(error))
asyncio.run(main())
answer({"made": made, "told": told})
"""


def calls(micropython: str, folder: Path, *steps: Any, board: Any = None, permissions: Any = ("led",)) -> Any:
    """What calls give; ``["pin", name]`` is what a simulated pin is."""
    (folder / "cygnet").mkdir(exist_ok=True)
    given = {"root": f"{folder}/", "board": board or BOARD, "permissions": permissions, "steps": steps}
    return run_json(micropython, _CALLS, given, folder)


def test_lights_are_switched_dimmed_and_coloured(micropython: str, tmp_path: Path) -> None:
    made = calls(
        micropython, tmp_path,
        ["led.set", {"name": "status", "on": True}], ["pin", "LED"],
        ["led.set", {"name": "status", "on": False}], ["pin", "LED"],
        ["led.set", {"name": "low", "on": True}], ["pin", "3"],
        ["led.set", {"name": "low", "on": False}], ["pin", "3"],
        ["led.set", {"name": "lamp", "level": 0.5}], ["pin", "15"],
        ["led.set", {"name": "lamp", "on": False}], ["pin", "15"],
        ["led.set", {"name": "strip", "color": "#ff8000"}], ["pin", "2"],
        ["led.set", {"name": "strip", "color": "#ff8000", "level": 0.5}], ["pin", "2"],
        ["led.set", {"name": "strip", "on": False}], ["pin", "2"],
    )["made"]  # fmt: skip
    assert made[0::2] == [None] * 9
    assert made[1::2] == [
        "1", "0", "0", "1", "32768 1000", "0 1000", "ff8000 ff8000 ff8000", "804000 804000 804000",
        "000000 000000 000000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("led.set", {"name": "none"}, "this board has no light 'none'; it has lamp, low, status, strip"),
        ("led.set", {"name": "status", "level": 0.5}, "cannot be dimmed"),
        ("led.set", {"name": "lamp", "level": 2}, "level must be a number from 0 to 1"),
        ("led.set", {"name": "lamp", "on": 1}, "on must be true or false"),
        ("led.set", {"name": "lamp", "color": "#ff0000"}, "has no colours"),
        ("led.set", {"name": "strip", "color": "red"}, "color must be a colour such as #1a2b3c"),
        ("led.set", {"name": "strip", "color": "#zzzzzz"}, "color must be a colour such as #1a2b3c"),
        ("buzzer.play", {"frequency": 1, "seconds": 1}, "frequency must be a number from 20 to 20000"),
        ("sensor.read", {"name": "x"}, "this board has no sensor 'x'"),
        ("sensor.read", {"name": "odd"}, "no driver 'none'"),
        ("sensor.read", {"name": "room"}, "the sensor 'room' does not answer"),
        ("storage.set", {"key": "k"}, "value is missing"),
        ("storage.set", {"key": "", "value": 1}, "key must not be empty"),
        ("storage.get", {}, "key must be a string"),
        ("storage.set", {"key": "k", "value": "x" * 5000}, "storage is full: 5009 bytes would be used, 4096"),
        ("telemetry", {"name": "no blanks"}, "name must be letters"),
        ("telemetry", {"name": "n", "values": {"a": [1]}}, "values.a must be a string, a number"),
        ("telemetry", {"name": "n", "values": [1]}, "values must be an object"),
        ("speak", {"text": "hello"}, "not supported on this host"),
        ("storage.clear", {}, "not supported on this host"),
        ("led", {}, "not supported on this host"),
    ],
)
def test_what_a_board_cannot_do_is_said(
    micropython: str, tmp_path: Path, name: str, values: Any, sentence: str
) -> None:
    (said,) = calls(micropython, tmp_path, [name, values])["made"]
    assert said.startswith("refused: ")
    assert sentence in said


def test_parts_that_a_board_lacks_are_not_supported_and_lights_need_a_permission(
    micropython: str, tmp_path: Path
) -> None:
    steps = [["led.set", {"name": "lamp"}], ["buzzer.play", {"frequency": 440}], ["sensor.read", {"name": "room"}]]
    bare = calls(micropython, tmp_path, *steps, board={"simulated": True})["made"]
    assert bare == ["refused: not supported on this host"] * 3
    (said,) = calls(micropython, tmp_path, steps[0], permissions=["buzzer"])["made"]
    assert said == "refused: the manifest does not ask for the permission led"


def test_a_tone_ends_by_itself_and_with_its_program(micropython: str, tmp_path: Path) -> None:
    made = calls(
        micropython, tmp_path, ["buzzer.play", {"frequency": 440, "seconds": 0.02}], ["pin", "12"], ["sleep", 0.1],
        ["pin", "12"], ["buzzer.play", {"frequency": 880, "seconds": 5}], ["pin", "12"], ["end"], ["pin", "12"],
    )["made"]  # fmt: skip
    assert made == [None, "32768 440", "0 440", None, "32768 880", "0 880"]


def test_sensors_give_their_value_in_their_unit(micropython: str, tmp_path: Path) -> None:
    # 21.5 degrees and 40 %, as an AHT20 tells them.
    humidity, temperature = round(0.4 * 2**20), round((21.5 + 50) / 200 * 2**20)
    data = bytes([0x1C]) + (humidity << 20 | temperature).to_bytes(5, "big")
    made = calls(
        micropython, tmp_path, ["put", "4", str(round(0.706 / 3.3 * 65535))], ["sensor.read", {"name": "temperature"}],
        ["put", "i2c-56", (data + bytes([crc8(data)])).hex()], ["sensor.read", {"name": "room"}],
        ["sensor.read", {"name": "damp"}], ["put", "i2c-56", (data + b"\0").hex()], ["sensor.read", {"name": "damp"}],
    )["made"]  # fmt: skip
    assert [one["unit"] for one in made[:3]] == ["C", "C", "%"]
    assert [round(one["value"], 1) for one in made[:3]] == [27.0, 21.5, 40.0]
    assert made[3] == "refused: the sensor 'damp' does not answer: no whole answer"


def test_the_check_sum_is_that_of_the_data_sheet() -> None:
    assert crc8(b"\xbe\xef") == 0x92  # Sensirion SHT3x datasheet, section 4.12


def test_what_one_program_keeps_is_no_other_programs(micropython: str, tmp_path: Path) -> None:
    script = """
import os
from micro.capability.storage import Storage
os.mkdir(given["root"] + "cygnet")
for turn in range(3):  # a record has two files, which take turns
    for app_id in given["ids"]:
        storage = Storage(given["root"], app_id)
        storage.set({"key": "whose", "value": [app_id, turn]})
        storage.flush()
answer([Storage(given["root"], app_id).get({"key": "whose"}) for app_id in given["ids"]])
"""
    ids = ["org.a", "org.a.new", "org.A", "org.a.new.new"]
    kept = run_json(micropython, script, {"root": f"{tmp_path}/", "ids": ids}, tmp_path)
    assert kept == [[app_id, 2] for app_id in ids]
    names = [path.name.removesuffix(".new").lower() for path in (tmp_path / "cygnet" / "storage").iterdir()]
    assert len({*names}) == len(ids)


def test_storage_is_kept_within_its_quota_and_its_writes(micropython: str, tmp_path: Path) -> None:
    many = [["storage.set", {"key": "n", "value": number}] for number in range(22)]
    made = calls(
        micropython, tmp_path, ["storage.get", {"key": "k"}], ["storage.set", {"key": "k", "value": {"a": [1, None]}}],
        ["storage.get", {"key": "k"}], ["again", "storage.get", {"key": "k"}],
        ["storage.remove", {"key": "k"}], ["storage.remove", {"key": "k"}], ["again", "storage.get", {"key": "k"}],
        *many, ["wait", 10_000], ["storage.set", {"key": "n", "value": 1}], ["again", "storage.get", {"key": "n"}],
        ["storage.set", {"key": "n", "value": 1}],
    )["made"]  # fmt: skip
    assert made[:7] == [None, None, {"a": [1, None]}, {"a": [1, None]}, None, None, None]
    assert made[7:25] == [None] * 18
    assert made[25].startswith("refused: too many writes: 20 at once")
    assert made[-3:] == [None, 1, None]  # what is there already costs no write


def test_telemetry_reaches_the_fleet_as_often_as_on_linux(micropython: str, tmp_path: Path) -> None:
    event = ["telemetry", {"name": "pressed", "values": {"count": 1, "ok": True, "who": None}}]
    answer = calls(micropython, tmp_path, *[event] * 61, ["wait", 1000], event, event)
    assert len(answer["told"]) == 61
    assert answer["told"][0] == ["com.example.tried", "pressed", {"count": 1, "ok": True, "who": None}]
    assert "too many events" in answer["made"][60]
    assert "too many events" in answer["made"][62]


def test_what_the_queue_does_not_take_is_told_after_the_turn(micropython: str, tmp_path: Path) -> None:
    (said,) = calls(micropython, tmp_path, ["telemetry", {"name": "unwanted"}])["made"]
    assert said == "said: the board's queue does not take what the program reports: 1 lost"


def test_a_board_tells_what_it_is(micropython: str, tmp_path: Path) -> None:
    (info,) = calls(micropython, tmp_path, ["device.info", {}])["made"]
    assert info["name"] == "tried"
    assert info["system"].startswith("MicroPython 1.")
    assert info["memory_free"] > 0


_BOUNCES = """
from micro import clock
now = [0]
clock.ticks_ms = lambda: now[0]
from micro.capability.buttons import Buttons
levels = {}
class Pins:
    def input(self, pin, low):
        levels[pin] = 1 if low else 0
        return lambda: levels[pin]
buttons = Buttons({"next": {"pin": 1, "low": True}, "other": {"pin": 2}}, Pins())
told = []
for wait, pin, level in given:
    for _ in range(wait):
        now[0] += 5
        told += [[now[0], name, pressed] for name, pressed in buttons.poll(now[0])]
    levels[pin] = level
answer(told)
"""


def test_a_button_is_told_once_however_it_bounces(micropython: str, tmp_path: Path) -> None:
    steps = [
        (2, 1, 0),
        (1, 1, 1),
        (1, 1, 0),
        (2, 1, 1),
        (1, 1, 0),
        (20, 2, 1),
        (20, 1, 1),
        (20, 2, 0),
        (2, 2, 1),
        (20, 2, 0),
    ]
    told = run_json(micropython, _BOUNCES, steps, tmp_path)
    assert [one[1:] for one in told] == [["next", True], ["other", True], ["next", False]]


def test_simulated_pins_are_files(micropython: str, tmp_path: Path) -> None:
    calls(micropython, tmp_path, ["led.set", {"name": "status"}])
    assert (tmp_path / "cygnet" / "pins" / "LED").read_text() == "1"
