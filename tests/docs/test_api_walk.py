"""The script of docs/fleet.md against a running fleet, line by line in a shell."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.docs.pages import ROOT
from tests.fleet.packages import small_package

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


def sessions() -> list[tuple[str, str]]:
    """Each command of the section, with what it prints."""
    section = (ROOT / "docs/fleet.md").read_text(encoding="utf-8").partition("### From a script\n")[2]
    found = re.findall(r"^( *)```console\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)
    text = "".join(re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found)
    pairs = [session.partition("\n") for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
    return [(command, expected.strip()) for command, _, expected in pairs]


@pytest.fixture
def home(tmp_path: Path) -> FleetHome:
    return init_home(tmp_path / "fleet", "north", broker="mqtt://127.0.0.1:9", listen="127.0.0.1:0")


@pytest.fixture
async def fleet(home: FleetHome) -> AsyncIterator[RunningFleet]:
    """It waits for a broker, which the script does not need."""
    async with run_fleet(home) as running:
        yield running


async def test_the_script_prints_what_the_page_says(fleet: RunningFleet, home: FleetHome, tmp_path: Path) -> None:
    (tmp_path / "weather.ma").write_bytes(small_package(size=100))
    script, expected = "set -e\n", []
    for number, (command, printed) in enumerate(sessions()):
        line = f"FLEET={fleet.url}" if command.startswith("FLEET=") else command
        script += f"{line}\necho; echo '=={number}'\n"
        expected.append(printed)
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "CYGNET_FLEET_HOME": str(home.directory)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await shell.communicate()
    assert (shell.returncode, err) == (0, b""), err.decode()
    assert [part.strip() for part in re.split(r"==[0-9]+\n", out.decode())][:-1] == expected
    assert len(expected) == 10
    assert (tmp_path / "fleet.header").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "release.json").read_text())["new"] is True
