"""Lights, buzzer and sensors of Linux boards: the same arguments and refusals as on microcontrollers."""

import asyncio
import dataclasses
import io
import itertools
import math
import wave
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from device_runtime.capability.parts import (
    Colour,
    buzzer_capability,
    light_capabilities,
    sensor_capabilities,
    tone,
)
from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.errors import CygnetError
from device_runtime.micro.capability.buzzer import Buzzer
from device_runtime.micro.capability.leds import Leds
from device_runtime.micro.capability.sensors import Sensors
from device_runtime.micro.program.errors import CapabilityError as MicroCapabilityError
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller
from tests.open_privacy import OpenPrivacy


class _Light:
    def __init__(self, *, dims: bool = False, colours: bool = False) -> None:
        self.dims, self.colours = dims, colours
        self.seen: list[tuple[float, Colour]] = []

    def set(self, level: float, colour: Colour) -> None:
        self.seen.append((level, colour))


class _Pins:
    """Pins of a microcontroller on which nothing is."""

    def output(self, _pin: Any, _low: bool) -> Any:
        return lambda _value: None

    def pwm(self, _pin: Any) -> "_Pins":
        return self

    def strip(self, _pin: Any, _pixels: int) -> "_Pins":
        return self

    def adc(self, _pin: Any) -> "_Pins":
        return self

    def freq(self, _hertz: int) -> None: ...

    def duty_u16(self, _duty: int) -> None: ...

    def fill(self, _colour: tuple[int, int, int]) -> None: ...

    def write(self) -> None: ...

    def read_u16(self) -> int:
        return 0


class _Loudspeaker:
    def __init__(self, error: str = "") -> None:
        self.playing: list[bytes] = []
        self.begun = asyncio.Semaphore(0)
        self.ended = 0
        self.error = error

    async def play(self, wav: bytes) -> float:
        if self.error:
            raise CygnetError(self.error)
        self.playing.append(wav)
        self.begun.release()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
        return 0.0


@pytest.mark.parametrize(
    ("arguments", "level", "colour"),
    [
        ({"name": "strip"}, 1.0, (255, 255, 255)),
        ({"name": "strip", "on": True}, 1.0, (255, 255, 255)),
        ({"name": "strip", "on": False}, 0.0, (255, 255, 255)),
        ({"name": "strip", "level": 0.25}, 0.25, (255, 255, 255)),
        ({"name": "strip", "level": 0.25, "on": False}, 0.0, (255, 255, 255)),
        ({"name": "strip", "level": None, "color": None}, 1.0, (255, 255, 255)),
        ({"name": "strip", "color": "#fF8800"}, 1.0, (255, 136, 0)),
    ],
)
async def test_a_light_is_set(
    arguments: Mapping[str, Value], level: float, colour: Colour, make_caller: MakeCaller
) -> None:
    light = _Light(dims=True, colours=True)
    gate = CapabilityGate(light_capabilities({"strip": light}))
    assert await gate.invoke(make_caller(permissions=("led",)), "led.set", arguments) is None
    assert light.seen == [(level, colour)]


async def test_a_light_needs_the_permission_and_a_board_with_lights(make_caller: MakeCaller) -> None:
    gate = CapabilityGate(light_capabilities({"lamp": _Light()}))
    with pytest.raises(CapabilityError, match="the manifest does not ask for the permission led"):
        await gate.invoke(make_caller(), "led.set", {"name": "lamp"})
    assert not light_capabilities({})
    assert not sensor_capabilities({}, OpenPrivacy(), {})


_REFUSED: list[tuple[str, dict[str, Value]]] = [
    ("led.set", {}),
    ("led.set", {"name": 3}),
    ("led.set", {"name": "oven"}),
    ("led.set", {"name": "lamp", "on": 1}),
    ("led.set", {"name": "lamp", "level": "half"}),
    ("led.set", {"name": "lamp", "level": True}),
    ("led.set", {"name": "lamp", "level": 1.5}),
    ("led.set", {"name": "lamp", "level": math.nan}),
    ("led.set", {"name": "lamp", "level": 0.5}),
    ("led.set", {"name": "lamp", "color": "red"}),
    ("led.set", {"name": "lamp", "color": 7}),
    ("led.set", {"name": "lamp", "color": "#ff8800"}),
    ("buzzer.play", {}),
    ("buzzer.play", {"frequency": 19}),
    ("buzzer.play", {"frequency": 20_001}),
    ("buzzer.play", {"frequency": "a"}),
    ("buzzer.play", {"frequency": 440, "seconds": 11}),
    ("buzzer.play", {"frequency": 440, "seconds": False}),
    ("sensor.read", {}),
    ("sensor.read", {"name": "wind"}),
]


@pytest.mark.parametrize(("name", "arguments"), _REFUSED)
async def test_what_is_refused_is_refused_in_the_words_of_a_microcontroller(
    name: str, arguments: dict[str, Value], make_caller: MakeCaller
) -> None:
    pins: Any = _Pins()
    parts: dict[str, Callable[[dict[str, Value]], object]] = {
        "led.set": Leds({"lamp": {"pin": 1}, "strip": {"pin": 2, "pixels": 3}}, pins),
        "buzzer.play": Buzzer({"pin": 1}, pins),
        "sensor.read": Sensors({"temperature": {"driver": "adc", "pin": 1}}, pins),
    }
    with pytest.raises(MicroCapabilityError) as there:
        parts[name](arguments)
    gate = CapabilityGate(
        [
            *light_capabilities({"lamp": _Light(), "strip": _Light(dims=True, colours=True)}),
            buzzer_capability(_Loudspeaker()),
            *sensor_capabilities({"temperature": lambda: (1.0, "C")}, OpenPrivacy(), {}),
        ]
    )
    with pytest.raises(CapabilityError) as here:
        await gate.invoke(make_caller(permissions=("led",)), name, arguments)
    assert str(here.value) == str(there.value)


async def test_a_tone_begins_in_place_of_the_one_before(make_caller: MakeCaller) -> None:
    loudspeaker = _Loudspeaker()
    gate = CapabilityGate([buzzer_capability(loudspeaker)])
    for frequency in (440, 880):
        await gate.invoke(make_caller(), "buzzer.play", {"frequency": frequency, "seconds": 0.1})
        await loudspeaker.begun.acquire()
    assert loudspeaker.ended == 1
    assert loudspeaker.playing[1] == tone(880, 0.1)


async def test_a_tone_that_cannot_be_played_is_in_the_log(
    make_caller: MakeCaller, caplog: pytest.LogCaptureFixture
) -> None:
    work: list[asyncio.Task[None]] = []

    def keep(each: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        work.append(asyncio.create_task(each))
        return work[-1]

    gate = CapabilityGate([buzzer_capability(_Loudspeaker("there is no sound card"))])
    await gate.invoke(dataclasses.replace(make_caller(), keep=keep), "buzzer.play", {"frequency": 440})
    await asyncio.wait(work)
    assert "a tone cannot be played: there is no sound card" in caplog.text


@pytest.mark.parametrize(("hertz", "seconds"), [(20, 0.01), (440, 0.2), (20_000, 0.05)])
def test_a_tone_has_its_length_and_pitch_and_no_clicks(hertz: int, seconds: float) -> None:
    with wave.open(io.BytesIO(tone(hertz, seconds))) as file:
        rate, raw = file.getframerate(), file.readframes(file.getnframes())
    samples = memoryview(raw).cast("h")
    assert len(samples) == round(seconds * rate)
    assert abs(samples[0]) < 100
    assert abs(samples[-1]) < 3000
    if len(samples) * hertz > 4 * rate:
        crossings = sum(a < 0 <= b for a, b in itertools.pairwise(samples))
        assert abs(crossings - hertz * seconds) <= 1


async def test_a_sensor_that_does_not_answer_is_a_refusal(make_caller: MakeCaller) -> None:
    def broken() -> tuple[float, str]:
        raise OSError("it was unplugged")

    gate = CapabilityGate(sensor_capabilities({"wind": broken, "sun": lambda: (3.5, "lx")}, OpenPrivacy(), {}))
    assert await gate.invoke(make_caller(), "sensor.read", {"name": "sun"}) == {"value": 3.5, "unit": "lx"}
    with pytest.raises(CapabilityError, match="the sensor 'wind' does not answer: it was unplugged"):
        await gate.invoke(make_caller(), "sensor.read", {"name": "wind"})


async def test_a_light_whose_line_the_chip_has_not_is_a_sentence(make_caller: MakeCaller) -> None:
    class Absent(_Light):
        def set(self, level: float, colour: Colour) -> None:  # noqa: ARG002
            raise ValueError("Invalid argument")  # as gpiod makes EINVAL of the kernel's one

    gate = CapabilityGate(light_capabilities({"lamp": Absent()}))
    with pytest.raises(CapabilityError, match="the light 'lamp' does not answer: Invalid argument"):
        await gate.invoke(make_caller(permissions=("led",)), "led.set", {"name": "lamp", "on": True})
