"""What the fleet does to the programs of a device."""

from pathlib import Path
from typing import cast

from device_runtime.host.desk import Desk
from device_runtime.host.installer import DeviceInstaller
from device_runtime.program.store import ProgramStore


async def test_what_was_said_to_a_program_is_forgotten_when_it_is_removed(tmp_path: Path) -> None:
    done: list[str] = []

    class Stopping:
        async def stop_program(self, app_id: str) -> None:
            done.append(f"{app_id} stops")

    installer = DeviceInstaller(
        ProgramStore(tmp_path, {}),
        cast("Desk", Stopping()),
        lambda: done.append("others are installed"),
        lambda app_id: done.append(f"{app_id} is forgotten"),
    )
    await installer.remove("org.example.radio")
    assert done == ["org.example.radio stops", "org.example.radio is forgotten", "others are installed"]
