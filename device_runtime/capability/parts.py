"""``led.set``, ``buzzer.play`` and ``sensor.read``: lights, a tone and sensors of the board, each by its name.

Arguments and refusals are those of microcontrollers (``device_runtime/micro/capability``); a test compares.
"""

import array
import asyncio
import io
import logging
import math
import re
import sys
import wave
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from device_runtime.capability.arguments import refuse
from device_runtime.capability.audio import Player
from device_runtime.capability.privacy import Privacy
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.errors import CygnetError
from device_runtime.program.data_plan import Category
from device_runtime.values import Value

logger = logging.getLogger(__name__)

Colour: TypeAlias = tuple[int, int, int]
Sensor: TypeAlias = Callable[[], tuple[float, str]]
"""Reads value and unit, in a thread of its own. Raises OSError or ValueError: it does not answer."""

_WHITE: Colour = (255, 255, 255)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_RATE = 48_000
_FADE_SECONDS = 0.005
_LOUDNESS = 0.4


class Light(Protocol):
    """A light of the board. ``dims``: it knows more than on and off; ``colours``: it has those."""

    @property
    def dims(self) -> bool: ...

    @property
    def colours(self) -> bool: ...

    def set(self, level: float, colour: Colour) -> None:
        """Shine: ``level`` from 0 (off) to 1.

        Raises:
            OSError, ValueError: it does not answer, or there is no such line.
            CygnetError: a part is missing that it needs.
        """


def light_capabilities(lights: Mapping[str, Light]) -> list[Capability]:
    """``led.set {name, on | level | color}``, on boards with a light; ``color`` is such as ``#1a2b3c``."""
    if not lights:
        return []

    async def led_set(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 every program the same
        name = _choice(arguments, lights, "light")
        level, light = _level(arguments), lights[name]
        colour = _colour(arguments.get("color"))
        try:
            if colour is not None and not light.colours:
                raise CapabilityError(f"the light {name!r} has no colours")
            if 0 < level < 1 and not light.dims:
                raise CapabilityError(f"the light {name!r} cannot be dimmed")
            light.set(level, colour or _WHITE)
        except (OSError, ValueError) as error:
            raise CapabilityError(f"the light {name!r} does not answer: {error}") from error
        return None

    return [Capability("led.set", led_set, "led")]


def sensor_capabilities(
    sensors: Mapping[str, Sensor], privacy: Privacy, categories: Mapping[str, Category]
) -> list[Capability]:
    """``sensor.read {name}`` -> ``{value, unit}``, on boards with a sensor. Those with one of the ``categories`` (by
    name) need an item of the data plan, and a yes to it."""
    if not sensors:
        return []

    async def sensor_read(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        name = _choice(arguments, sensors, "sensor")
        if name in categories:
            await privacy.collect(caller.app_id, caller.manifest.data_plan, categories[name])
        try:
            value, unit = await asyncio.to_thread(sensors[name])
        except (OSError, ValueError) as error:
            raise CapabilityError(f"the sensor {name!r} does not answer: {error}") from error
        return {"value": value, "unit": unit}

    return [Capability("sensor.read", sensor_read)]


def buzzer_capability(player: Player) -> Capability:
    """``buzzer.play {frequency, seconds?}``: a tone by the board's loudspeaker; it ends by itself, or with the program.
    The board has one buzzer: a tone begins in place of one that still sounds."""
    playing: asyncio.Task[None] | None = None

    async def buzzer_play(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        nonlocal playing
        hertz = _number(arguments, "frequency", 20, 20_000)
        seconds = _number(arguments, "seconds", 0.01, 10) if arguments.get("seconds") is not None else 0.2
        if playing is not None:
            playing.cancel()
        playing = caller.keep(_sound(player, int(hertz), seconds))
        return None

    return Capability("buzzer.play", buzzer_play)


async def _sound(player: Player, hertz: int, seconds: float) -> None:
    try:
        await player.play(await asyncio.to_thread(tone, hertz, seconds))
    except CygnetError as error:  # the program has its answer already
        logger.warning("a tone cannot be played: %s", error)


def tone(hertz: int, seconds: float) -> bytes:
    """A sine as a WAV file (48 kHz, mono, 16 bits), without clicks at its ends."""
    count = round(_RATE * seconds)
    fade = min(_RATE * _FADE_SECONDS, count / 2)
    step = 2 * math.pi * hertz / _RATE
    samples = array.array(
        "h",
        (
            round(32_767 * _LOUDNESS * min(1.0, index / fade, (count - index) / fade) * math.sin(step * index))
            for index in range(count)
        ),
    )
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(_RATE)
        wav.writeframes(samples.tobytes())
    return file.getvalue()


def _choice(arguments: Mapping[str, Value], known: Mapping[str, object], what: str) -> str:
    name = arguments.get("name")
    if not isinstance(name, str) or name not in known:
        raise refuse(f"this board has no {what} {repr(name)[:64]}; it has {', '.join(sorted(known))}")
    return name


def _number(arguments: Mapping[str, Value], name: str, least: float, most: float) -> float:
    value = arguments.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise refuse(f"{name} must be a number from {least} to {most}")
    return value


def _level(arguments: Mapping[str, Value]) -> float:
    on = arguments.get("on", True)
    if not isinstance(on, bool):
        raise refuse("on must be true or false")
    level = _number(arguments, "level", 0, 1) if arguments.get("level") is not None else 1.0
    return level if on else 0.0


def _colour(text: Value) -> Colour | None:
    if text is None:
        return None
    if not isinstance(text, str) or not _COLOUR.fullmatch(text):
        raise refuse("color must be a colour such as #1a2b3c")
    value = int(text[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255
