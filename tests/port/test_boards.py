"""What a board offers is what a device of that board offers to its programs."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pytest

from device_runtime.capability.registry import Capability
from device_runtime.host import device as device_module
from device_runtime.host.board import board_names, find_board
from device_runtime.program.apis import api_table
from firmware_tools.port.boards import depends_on_board, lacking_capabilities

NEEDS = {api.needs for api in api_table().apis.values() if api.needs}


@pytest.mark.parametrize("name", board_names())
async def test_what_is_lacking_on_a_board_is_what_its_device_does_not_register(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = find_board(name)
    offered: set[str] = set()
    original = device_module.Device._capabilities

    def listed(self: device_module.Device, *arguments: object) -> Iterable[Capability]:
        found = list(original(self, *arguments))  # type: ignore[arg-type]
        offered.update(capability.name for capability in found)
        return found

    monkeypatch.setattr(device_module.Device, "_capabilities", listed)
    silent = dataclasses.replace(board, voice=dataclasses.replace(board.voice, enabled=False))
    device = device_module.Device(silent, tmp_path, None, {})
    await device.stop()
    machine = {"getBatteryInfo", "share.page", "inference.open"}
    assert NEEDS - offered - machine == lacking_capabilities(silent, NEEDS) - machine


@pytest.mark.parametrize(("speaker", "has"), [("screen", True), ("none", False)])
def test_a_board_that_speaks_speaks_into_files(speaker: Literal["screen", "none"], has: bool) -> None:
    board = find_board("virtual-speaker")
    board = dataclasses.replace(board, audio=dataclasses.replace(board.audio, speaker=speaker))
    assert ("speech.synthesize" not in lacking_capabilities(board, ["speech.synthesize"])) is has


def test_without_a_board_only_what_no_board_has_is_lacking() -> None:
    assert lacking_capabilities(None, NEEDS) == {"vibrateShort", "vibrateLong"}


@pytest.mark.parametrize(
    ("name", "depends"), [("audio.play", True), ("record.start", True), ("inference.open", True), ("request", False)]
)
def test_what_depends_on_the_board_is_known(name: str, depends: bool) -> None:
    assert depends_on_board(name) is depends
