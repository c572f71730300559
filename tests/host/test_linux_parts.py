"""Lights and sensors of Linux boards, against folders laid out as the kernel lays out sysfs, and with a stand-in for
gpiod: the kernel's own gpio-sim is not on every machine."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from device_runtime.errors import CygnetError
from device_runtime.host.board import BoardError, load_board
from device_runtime.host.lights import make_lights
from device_runtime.host.linuxparts import LinuxLed, LinuxSensor
from device_runtime.host.sensors import make_sensors
from device_runtime.values import Value

WHITE = (255, 255, 255)


def _files(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("most", "level", "written"), [("1", 1.0, "1"), ("1", 0.0, "0"), ("255", 0.5, "128"), ("255", 1.0, "255")]
)
def test_a_light_of_the_kernel_is_set_and_taken_from_its_trigger(
    tmp_path: Path, most: str, level: float, written: str
) -> None:
    folder = tmp_path / "class" / "leds" / "ACT"
    _files(folder, brightness="0\n", max_brightness=f"{most}\n", trigger="none [mmc0] heartbeat\n")
    light = make_lights({"status": LinuxLed(driver="sysfs", device="ACT")}, lambda _: None, sys=tmp_path)["status"]
    assert light.dims == (most != "1")
    assert not light.colours
    assert (folder / "trigger").read_text().startswith("none [mmc0]")
    light.set(level, WHITE)
    assert (folder / "brightness").read_text() == written
    assert (folder / "trigger").read_text() == "none"


def test_a_light_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    light = make_lights({"status": LinuxLed(driver="sysfs", device="ACT")}, lambda _: None, sys=tmp_path)["status"]
    with pytest.raises(OSError, match="max_brightness"):
        light.set(1, WHITE)


def test_a_light_on_a_gpio_line_is_requested_once_and_held(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []
    values: list[tuple[int, str]] = []
    gpiod, line = ModuleType("gpiod"), ModuleType("gpiod.line")
    vars(line).update(
        Value=SimpleNamespace(ACTIVE="active", INACTIVE="inactive"), Direction=SimpleNamespace(OUTPUT="output")
    )

    def request_lines(path: str, *, consumer: str, config: Any) -> Any:
        asked.append((path, (consumer, config)))
        return SimpleNamespace(set_value=lambda number, value: values.append((number, value)))

    vars(gpiod).update(request_lines=request_lines, LineSettings=dict)
    monkeypatch.setitem(sys.modules, "gpiod", gpiod)
    monkeypatch.setitem(sys.modules, "gpiod.line", line)
    light = make_lights({"lamp": LinuxLed(driver="gpio", line=17, low=True)}, lambda _: None)["lamp"]
    assert not asked
    light.set(1, WHITE)
    light.set(0, WHITE)
    settings = {"direction": "output", "active_low": True, "output_value": "inactive"}
    assert asked == [("/dev/gpiochip0", ("cygnet", {17: settings}))]
    assert values == [(17, "active"), (17, "inactive")]


def test_without_gpiod_a_light_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)
    light = make_lights({"lamp": LinuxLed(driver="gpio", line=17)}, lambda _: None)["lamp"]
    with pytest.raises(
        CygnetError, match=r"the light 'lamp' needs gpiod; install it with: pip install 'cygnet\[gpio\]'"
    ):
        light.set(1, WHITE)


def test_simulated_lights_are_shown_with_all_that_were_set() -> None:
    shown: list[list[Value]] = []
    lights = make_lights(
        {"lamp": LinuxLed(driver="simulated"), "status": LinuxLed(driver="simulated")}, lambda all_: shown.append(all_)
    )
    lights["lamp"].set(1, WHITE)
    lights["status"].set(0.5, (255, 136, 0))
    lights["lamp"].set(0, WHITE)
    off = {"name": "lamp", "level": 0, "color": "#ffffff"}
    assert shown[0] == [{"name": "lamp", "level": 1, "color": "#ffffff"}]
    assert shown[-1] == [off, {"name": "status", "level": 0.5, "color": "#ff8800"}]


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A sysfs with two thermal zones, a hwmon and an iio device."""
    _files(tmp_path / "class/thermal/thermal_zone0", type="cpu-thermal\n", temp="48312\n")
    _files(tmp_path / "class/thermal/thermal_zone10", type="gpu-thermal\n", temp="51000\n")
    _files(tmp_path / "class/thermal/cooling_device0", type="Processor\n")
    _files(
        tmp_path / "class/hwmon/hwmon1",
        name="sht3x\n", temp1_input="-2500\n", humidity1_input="41200\n", fan1_input="900\n", power1_input="2500000\n",
    )  # fmt: skip
    _files(
        tmp_path / "bus/iio/devices/iio:device0",
        name="bme280\n", in_temp_input="21480\n", in_humidityrelative_input="55250\n", in_pressure_input="101.3\n",
        in_voltage0_raw="2048\n", in_voltage_scale="0.8\n", in_voltage1_raw="2048\n", in_voltage1_scale="0.805664062\n",
        in_voltage1_offset="-48\n", in_proximity_raw="77\n", in_illuminance_raw="dim\n",
    )  # fmt: skip
    return tmp_path


@pytest.mark.parametrize(
    ("sensor", "value"),
    [
        (LinuxSensor(driver="thermal", unit="C"), 48.312),
        (LinuxSensor(driver="thermal", device="gpu-thermal"), 51.0),
        (LinuxSensor(driver="hwmon", device="sht3x"), -2.5),
        (LinuxSensor(driver="hwmon", channel="humidity1"), 41.2),
        (LinuxSensor(driver="hwmon", channel="fan1"), 900),
        (LinuxSensor(driver="hwmon", channel="power1"), 2.5),
        (LinuxSensor(driver="iio", device="bme280"), 21.48),
        (LinuxSensor(driver="iio", channel="in_humidityrelative"), 55.25),
        (LinuxSensor(driver="iio", channel="in_pressure", scale=10, offset=1), 1014.0),
        (LinuxSensor(driver="iio", channel="in_voltage1"), 1.611328124),
        (LinuxSensor(driver="iio", channel="in_proximity"), 77),
        (LinuxSensor(driver="simulated", offset=21.5, unit="C"), 21.5),
    ],
)
def test_a_sensor_of_the_kernel_is_read_in_plain_units(kernel: Path, sensor: LinuxSensor, value: float) -> None:
    read = make_sensors({"it": sensor}, sys=kernel)["it"]
    assert read()[0] == pytest.approx(value)
    assert read()[1] == sensor.unit


@pytest.mark.parametrize(
    ("sensor", "sentence"),
    [
        (LinuxSensor(driver="thermal", device="skin"), r"no 'skin' in .*thermal; it has cpu-thermal, gpu-thermal"),
        (LinuxSensor(driver="hwmon", channel="temp2"), "temp2_input"),
        (LinuxSensor(driver="iio", channel="in_illuminance"), "in_illuminance_raw holds no number"),
    ],
)
def test_a_sensor_that_is_not_there_is_named(kernel: Path, sensor: LinuxSensor, sentence: str) -> None:
    with pytest.raises((OSError, ValueError), match=sentence):
        make_sensors({"it": sensor}, sys=kernel)["it"]()


def test_a_machine_without_such_devices_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"the kernel has no device in .*; it has none"):
        make_sensors({"it": LinuxSensor(driver="iio")}, sys=tmp_path)["it"]()


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('[leds.lamp]\ndriver = "gpio"', "b.toml:7: the key 'leds.lamp.line' is missing: the driver gpio needs it"),
        ('[leds.lamp]\ndriver = "sysfs"', "b.toml:7: the key 'leds.lamp.device' is missing: the driver sysfs needs it"),
        (
            '[leds.lamp]\ndriver = "sysfs"\ndevice = "../x"',
            "b.toml:9: 'leds.lamp.device' must be a name, not a path",
        ),
        (
            '[sensors.sun]\ndriver = "iio"\nchannel = "../x"',
            "b.toml:9: 'sensors.sun.channel' must be a name, not a path",
        ),
    ],
)
def test_a_faulty_part_is_found_by_line(tmp_path: Path, table: str, sentence: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(f'name = "b"\ndescription = "b"\n[screen]\nwidth = 480\nheight = 320\n\n{table}\n')
    with pytest.raises(BoardError, match=sentence):
        load_board(path)
