"""The target ``screen``: hostile patches in front of the screen's own code, in Chromium.

atheris sees Python only, so pages are made from random numbers, many at a time.
"""

import json
import random
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from device_runtime.host.screen.server import ScreenServer
from tests.browser import CHROMIUM_ARGUMENTS
from tests.fuzz.screen import Patches, pages_from
from tests.host.screen_device import PaperDevice

NAME = "screen"
_SCRIPT = Path(__file__).with_name("screen.js")
_PAGES = 200


@asynccontextmanager
async def open_screen() -> AsyncIterator[Page]:
    """A page of a screen server, for as long as it is needed."""
    device = PaperDevice()
    device.server = ScreenServer(device, name="Fuzzed")
    url = await device.server.start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS
            )
            page = await browser.new_page(bypass_csp=True)
            await page.goto(url)
            await page.add_script_tag(content=f"window.fuzz = (async () => {{ {_SCRIPT.read_text()} }})()")
            yield page
            await browser.close()
    finally:
        await device.server.stop()


async def feed_all(page: Page, many: list[Patches]) -> list[tuple[Patches, str]]:
    """Show one page after the other; those that broke something, with what."""
    broken = await page.evaluate("async (text) => (await window.fuzz)(JSON.parse(text))", json.dumps(many))
    return [(many[index], "; ".join(faults)) for index, faults in broken]


async def feed(data: bytes) -> None:
    """What a crash has left.

    Raises:
        AssertionError: it breaks the screen still.
    """
    async with open_screen() as page:
        assert await feed_all(page, [json.loads(data)]) == []


async def fuzz(seconds: float, crashes: Path) -> None:
    """Show pages for so long; what breaks the screen is written to ``crashes``."""
    end, shown = time.monotonic() + seconds, 0
    async with open_screen() as page:
        while time.monotonic() < end:
            seed = random.getrandbits(32)
            for number, (patches, faults) in enumerate(await feed_all(page, pages_from(seed, _PAGES))):
                print(f"{NAME}: {faults[:500]}", flush=True)
                (crashes / f"{NAME}-{seed}-{number}").write_text(json.dumps(patches))
            shown += _PAGES
    print(f"{shown} pages")
