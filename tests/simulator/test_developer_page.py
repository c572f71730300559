"""What the page for program developers says of `cygnet program dev` is so: its commands run, its panels are there."""

import re
import shlex
import signal
import socket
from pathlib import Path

import pytest
from playwright.async_api import expect

from firmware_tools.build.scaffold import create_program
from tests.docs.pages import table
from tests.simulator.conftest import Dev, Opener
from tests.simulator.test_command import developing

PAGE = Path(__file__).parents[2] / "docs/program-developer.md"
SECTION = PAGE.read_text(encoding="utf-8").partition("\n## Developing on the screen\n")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^cygnet program dev .*$", SECTION, re.MULTILINE)


def test_there_are_commands_and_a_small_picture() -> None:
    assert len(COMMANDS) == 2
    (picture,) = re.findall(r"!\[.*\]\((.*)\)", SECTION)
    assert 20_000 < (PAGE.parent / picture).stat().st_size < 200_000


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_page_runs(command: str, tmp_path: Path) -> None:
    create_program(tmp_path / "shopping", "wechat")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = shlex.split(command)[3:]
    # Another test may use the port of the page or the default one at the same time.
    words = [str(port) if word == "9000" else word for word in words]
    words += [] if "--port" in words else ["--port", str(port)]
    with developing(tmp_path, *words) as terminal:
        assert terminal.until(r"Tools and screen: (\S+)")[1].startswith(f"http://127.0.0.1:{port}/dev?token=")
        terminal.until("Watching shopping")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 0


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_the_page_lists_the_panels_that_there_are(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    listed = [row[0] for row in table(PAGE, "Developing on the screen")]
    await expect(page.page.get_by_role("tab", name=re.compile("^[A-Za-z]+$"))).to_have_text(listed)
