"""The commands of docs/rollouts.md, given to a running fleet with a device of the real kind."""

import asyncio
import getpass
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from firmware_tools.fleet.home import FleetHome, init_home
from tests.brokers import running_mosquitto
from tests.docs.pages import ROOT, blocks
from tests.docs.test_operator_walk import says
from tests.fleet.devices import eventually
from tests.fleet.packages import small_package
from tests.fleet.rollouts.test_whole_way import World

pytestmark = pytest.mark.broker


async def run(home: FleetHome, command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "firmware_tools.cli",
        *shlex.split(command)[1:],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "160", "CYGNET_FLEET_HOME": str(home.directory), "LOGNAME": "ada"},
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_the_page_s_commands_roll_a_program_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    assert getpass.getuser() == "ada"
    with running_mosquitto(tmp_path) as broker:
        home = init_home(tmp_path / "fleet", "north", broker=broker.url, listen="127.0.0.1:0")
        world = World(home, tmp_path / "devices")
        async with world.serving() as fleet, world.device(fleet, "kitchen") as shelf:
            settings = home.settings_file.read_text()
            home.settings_file.write_text(settings.replace("127.0.0.1:0", fleet.url.removeprefix("http://")))
            await fleet.operations.publish(small_package("cygnet.examples.timer", size=1000), "timer.ma")
            await eventually(lambda: fleet.service._states.get("kitchen") is not None, "the device is there")

            async def time_passes() -> None:
                while True:  # a soak is of the fleet's clock, which stands still in tests
                    world.clock.now += 1
                    await asyncio.sleep(0.1)

            passing = asyncio.create_task(time_passes())
            ran = 0
            for block in blocks(ROOT / "docs/rollouts.md"):
                if block.language != "console":
                    continue
                for session in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                    command, *expected = session.strip().splitlines()
                    printed = await run(home, command)
                    assert says(printed, expected), f"{command} printed {printed!r}, not {expected}"
                    ran += 1
            passing.cancel()
            assert ran == 5
            assert shelf.installed()["cygnet.examples.timer"].version_code == 1
