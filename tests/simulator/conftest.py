"""A program that is being developed: its folder, the simulator that serves it, and the tools in headless Chromium."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Browser, FrameLocator, Locator, Page, async_playwright, expect

from device_runtime.host.board import find_board
from firmware_tools.simulator.addresses import Addresses
from firmware_tools.simulator.boards import for_a_desk
from firmware_tools.simulator.simulator import Simulator
from tests.browser import CHROMIUM_ARGUMENTS
from tests.simulator.shop import serve_prices, write_shop

DEADLINE = 30.0


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Dev:
    """One run of the simulator. ``said`` is what the terminal would show."""

    folder: Path
    simulator: Simulator
    tools_url: str = ""
    screen_url: str = ""
    said: list[str] = field(default_factory=list)

    def edit(self, name: str, old: str, new: str) -> None:
        """Save a file in which ``old`` is ``new``."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until ``condition`` gives something true."""
        async with asyncio.timeout(DEADLINE):
            while not condition():  # noqa: ASYNC110 what it looks at sets no event
                await asyncio.sleep(0.01)

    async def heard(self, pattern: str, count: int = 1) -> None:
        """Wait until the terminal has shown a line that fits ``pattern``, ``count`` times."""
        await self.until(lambda: sum(re.search(pattern, line) is not None for line in self.said) >= count)


@contextlib.asynccontextmanager
async def developing(
    folder: Path, port: int = 0, listen: str = "127.0.0.1", organisation: str = "tests"
) -> AsyncIterator[Dev]:
    """Serve the program in ``folder`` as `cygnet program dev` does; without an ``organisation`` the screen asks."""
    said: list[str] = []
    board = for_a_desk(find_board("virtual-speaker"), port=port, voice=False, listen=listen, organisation=organisation)
    dev = Dev(folder, Simulator(folder, board, Ed25519PrivateKey.generate(), said.append, organisation), said=said)
    ready, ended = asyncio.Event(), asyncio.Event()

    def tell(addresses: Addresses) -> None:
        dev.tools_url, dev.screen_url = addresses.tools, addresses.screen
        ready.set()

    run = asyncio.create_task(dev.simulator.run(tell, ended))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait([run, waiting], timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            run.result()
        assert ready.is_set()
        yield dev
    finally:
        ended.set()
        waiting.cancel()
        await asyncio.wait([run], timeout=DEADLINE)
        await dev.simulator.stop()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the shop, whose server does not answer; state goes elsewhere below ``tmp_path``."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "shop"
    write_shop(folder)
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def dev(shop: Path) -> AsyncIterator[Dev]:
    """The shop under development."""
    async with developing(shop) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def served_dev(shop: Path) -> AsyncIterator[Dev]:
    """The shop under development, with a server that answers."""
    runner, url = await serve_prices()
    write_shop(shop, url)
    async with developing(shop) as running:
        yield running
    await runner.cleanup()


@dataclass
class ToolsPage:
    """The page of tools, and the board's screen in it."""

    page: Page
    screen: FrameLocator
    faults: list[str] = field(default_factory=list)

    def front(self, selector: str) -> Locator:
        """In the page of the program that is in front."""
        return self.screen.locator(f".program.shown .page-frame.front {selector}")

    async def tap(self, selector: str) -> None:
        await self.front(selector).click()

    async def open(self, name: str) -> Locator:
        """Bring a panel to the front."""
        await self.page.locator(f"#tab-{name}").click()
        return self.page.locator(f"#panel-{name}")

    @property
    def overlay(self) -> Locator:
        return self.page.locator(".overlay")


@dataclass
class Opener:
    """Opens pages of tools, and looks at their faults at the end."""

    browser: Browser
    opened: list[ToolsPage] = field(default_factory=list)

    async def __call__(self, dev: Dev, width: int = 1440, height: int = 900, **options: Any) -> ToolsPage:
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        page = await context.new_page()
        page.set_default_timeout(DEADLINE * 1000)
        expect.set_options(timeout=15_000)  # a rebuild takes its time on a machine that is busy with other tests
        tools = ToolsPage(page, page.frame_locator("iframe.screen"))
        page.on("pageerror", lambda error: tools.faults.append(str(error)))
        await page.goto(dev.tools_url)
        self.opened.append(tools)
        return tools


@pytest_asyncio.fixture(loop_scope="session")
async def tools(browser: Browser) -> AsyncIterator[Opener]:
    opener = Opener(browser)
    yield opener
    for page in opener.opened:
        await page.page.context.close()
    assert [fault for page in opener.opened for fault in page.faults] == []
