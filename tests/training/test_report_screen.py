"""The report in Chromium, by the environment that has Playwright; the model lab's own has not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.async_api")

from playwright.async_api import Browser, async_playwright

from firmware_tools.training.gate import judge
from firmware_tools.training.report.page import report_page
from tests.browser import CHROMIUM_ARGUMENTS
from tests.training.examinations import card_of, examination


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
async def test_it_is_read_without_scripts_and_never_wider_than_the_screen(
    browser: Browser, width: int, tmp_path: Path
) -> None:
    labels = tuple(f"command number {index}" for index in range(16))
    found = examination(card_of(labels=labels))
    path = tmp_path / "report.html"
    path.write_text(report_page(found, judge(found)), encoding="utf-8")
    context = await browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(path.as_uri())
    assert [url for url in asked if not url.startswith(("data:", path.as_uri()))] == []
    body = await page.locator("main").bounding_box()
    assert body is not None
    assert body["x"] >= 0
    assert body["x"] + body["width"] <= width
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    for panel in await page.locator(".panel").all():
        box = await panel.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
    bar = await page.locator(".bars .bar.int8").first.bounding_box()
    assert bar is not None
    assert bar["width"] > 40
    await context.close()
