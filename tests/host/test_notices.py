"""What the board tells programs by itself, and its sound on screens."""

import asyncio
from typing import cast

import pytest

from device_runtime.host.desk import Desk
from device_runtime.host.notices import NetworkNotices
from device_runtime.host.screen.server import ScreenServer
from device_runtime.host.sounds import ScreenPlayer
from device_runtime.values import Value
from tests.program.services import wav


class Programs:
    """A desk with one program that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Value]] = []
        self.heard = asyncio.Event()

    def sessions(self) -> list["Programs"]:
        return [self]

    def capability_event(self, name: str, payload: Value) -> None:
        self.told.append((name, payload))
        self.heard.set()


async def test_running_programs_are_told_when_the_network_goes_and_comes_back() -> None:
    programs = Programs()
    kinds = iter(["wifi", "wifi", "none", "none", "wifi"])
    notices = NetworkNotices(cast(Desk, programs), lambda: next(kinds, "wifi"), seconds=0)
    notices.start()
    async with asyncio.timeout(10):
        while len(programs.told) < 2:
            programs.heard.clear()
            await programs.heard.wait()
    await notices.stop()
    assert programs.told == [
        ("networkStatusChange", {"isConnected": False, "networkType": "none"}),
        ("networkStatusChange", {"isConnected": True, "networkType": "wifi"}),
    ]


class Screen:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.began = asyncio.Event()

    def sound(self, wav: bytes) -> str:
        assert wav.startswith(b"RIFF")
        self.sent.append("sound")
        self.began.set()
        return "name"

    def silence(self, name: str) -> None:
        self.sent.append(f"silence {name}")


@pytest.mark.parametrize("cut_off", [False, True])
async def test_a_sound_on_the_screen_lasts_as_long_as_it_is_or_until_it_is_cut_off(cut_off: bool) -> None:
    screen = Screen()
    playing = asyncio.create_task(ScreenPlayer(cast(ScreenServer, screen)).play(wav(60.0 if cut_off else 0.05)))
    if cut_off:
        await screen.began.wait()
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
    else:
        assert await playing == 0.05
    assert screen.sent == ["sound", "silence name"]
