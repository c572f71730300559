"""One headless Chromium for all tests of the screen; a fresh device, server and browser page for each test."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, async_playwright

from device_runtime.host.screen.server import ScreenServer
from tests.browser import CHROMIUM_ARGUMENTS
from tests.host.screen_device import APP, Node, PaperDevice

_ARGUMENTS = [
    *CHROMIUM_ARGUMENTS,
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def device() -> AsyncIterator[PaperDevice]:
    """A device whose screen server listens; ``device.url`` is its address."""
    device = PaperDevice()
    device.server = ScreenServer(device, name="Test speaker")
    device.url = await device.server.start()
    yield device
    await device.server.stop()


def is_fault(line: ConsoleMessage) -> bool:
    """An error on the console, but for what the browser says of media that a program may not have."""
    return line.type == "error" and "/media/" not in line.location.get("url", "")


@dataclass
class Screen:
    """One browser page on a device's screen."""

    page: Page
    faults: list[str] = field(default_factory=list)
    """Uncaught errors and console errors; a test may clear what it caused on purpose."""
    addresses: list[str] = field(default_factory=list)
    """Every address that the page asked for."""

    def find(self, selector: str) -> Locator:
        """In the front page of the program that is shown."""
        return self.page.locator(f".program.shown .page-frame.front {selector}")

    async def frames(self, count: int = 2) -> None:
        """Let the browser draw."""
        for _ in range(count):
            await self.page.evaluate("new Promise((done) => requestAnimationFrame(() => done()))")


@dataclass
class Screens:
    """Opens screens of the test's device."""

    device: PaperDevice
    browser: Browser
    shared: Screen | None = None
    """A screen kept open between tests, for those that ask for no screen of their own."""
    contexts: list[BrowserContext] = field(default_factory=list)
    opened: list[Screen] = field(default_factory=list)

    async def open(self, width: int = 1024, height: int = 600, **options: object) -> Screen:
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            **({"reduced_motion": "reduce"} | options),  # type: ignore[arg-type]
        )
        self.contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        screen = Screen(page)
        page.on("pageerror", lambda error: screen.faults.append(str(error)))
        page.on("console", lambda line: screen.faults.append(line.text) if is_fault(line) else None)
        page.on("request", lambda request: screen.addresses.append(request.url))
        known = len(self.device.attached)
        await page.goto(self.device.url)
        await self.device.wait(lambda: len(self.device.attached) > known)
        self.opened.append(screen)
        return screen

    async def open_program(self, *nodes: Node, **options: object) -> Screen:
        """A screen with the program in front, showing these nodes."""
        if not self.device.pages:
            self.device.push(navigationBarTitleText="Lamp")
        self.device.screen.foreground(APP)
        self.device.show(*nodes)
        screen = self.shared
        if screen is None or options:
            screen = await self.open(**options)  # type: ignore[arg-type]
        front = screen.page.locator(f".program.shown .page-frame.front[data-page='{self.device.page.id}']")
        await front.wait_for()
        await screen.page.locator(".program.shown .splash.gone").wait_for(state="hidden")
        return screen

    async def close(self) -> None:
        """Close every screen.

        Raises:
            AssertionError: a screen reported an error that its test did not expect.
        """
        faults = [fault for screen in self.opened for fault in screen.faults]
        for context in self.contexts:
            await context.close()
        assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def screens(browser: Browser, device: PaperDevice) -> AsyncIterator[Screens]:
    screens = Screens(device, browser)
    yield screens
    await screens.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kept(browser: Browser) -> AsyncIterator[Screens]:
    """One device and one screen for all tests that change neither; `kept.device.reset()` comes first."""
    device = PaperDevice()
    device.server = ScreenServer(device, name="Test speaker")
    device.url = await device.server.start()
    screens = Screens(device, browser)
    screens.shared = await screens.open()
    yield screens
    await screens.close()
    await device.server.stop()
