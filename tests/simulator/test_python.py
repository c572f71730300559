"""A program in Python under the tools: shown, reloaded, its errors told with the lines of its source."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from firmware_tools.build.scaffold import create_program
from tests.simulator.conftest import Opener, developing

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a program that counts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    create_program(tmp_path / "counter", "wechat", "python")
    return tmp_path / "counter"


async def test_it_is_shown_and_follows_what_is_saved(counter: Path, tools: Opener) -> None:
    async with developing(counter) as dev:
        page = await tools(dev)
        await page.tap(".add")
        await expect(page.front(".count")).to_have_text("1")

        dev.edit("pages/index/index.py", "self.add(1)", "self.add(10)")

        await expect(page.page.locator(".told")).to_contain_text("started again in")
        await page.tap(".add")
        await expect(page.front(".count")).to_have_text("11")


async def test_an_error_of_the_program_and_a_fault_of_the_build_are_shown_with_their_lines(
    counter: Path, tools: Opener
) -> None:
    async with developing(counter) as dev:
        page = await tools(dev)
        dev.edit("pages/index/index.py", "self.add(1)", "self.add(1 / 0)")
        await expect(page.page.locator(".told")).to_contain_text("started again in")
        await page.tap(".add")
        await expect(page.overlay).to_contain_text("ZeroDivisionError")
        await expect(page.overlay).to_contain_text("self.add(1 / 0)")

        dev.edit("pages/index/index.py", "self.add(1 / 0)", "print(1)")

        await expect(page.overlay).to_contain_text("print may not be used")
        await expect(page.overlay).to_contain_text("pages/index/index.py:11")
