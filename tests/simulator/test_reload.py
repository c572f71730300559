"""A saved file is on the board's screen at once, and what the developer was doing there goes on."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.simulator.conftest import Dev, Opener, developing

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def test_a_saved_template_is_on_the_screen_at_once(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await expect(page.front(".title")).to_have_text("Shopping")

    dev.edit("pages/index/index.wxml", "Shopping", "What we need")

    await expect(page.front(".title")).to_have_text("What we need")
    await expect(page.page.locator(".state")).to_have_text("Running")
    await expect(page.page.locator(".told")).to_contain_text("Shop started again in")


async def test_the_page_that_was_open_is_open_again_over_those_below_it(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".detail")
    await expect(page.front(".which")).to_have_text("3 of a b")

    dev.edit("pages/detail/detail.wxml", "{{id}} of {{of}}", "number {{id}} of {{of}}")

    await expect(page.front(".which")).to_have_text("number 3 of a b")
    await page.screen.get_by_role("button", name="Back").click()
    await expect(page.front(".title")).to_have_text("Shopping")


async def test_a_page_that_is_gone_gives_way_to_the_first(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".detail")
    await expect(page.front(".which")).to_be_visible()

    dev.edit("app.json", ', "pages/detail/detail"', "")

    await expect(page.front(".title")).to_have_text("Shopping")


async def test_what_was_stored_is_there_after_a_reload(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".add")
    await expect(page.front(".item")).to_have_count(2)

    dev.edit("pages/index/index.wxml", "Shopping", "Shopping again")

    await expect(page.front(".title")).to_have_text("Shopping again")
    await page.tap(".read")
    await expect(page.front(".shown")).to_have_text("2 stored")


async def test_a_changed_style_is_exchanged_without_a_restart(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".add")
    await expect(page.front(".item")).to_have_count(2)
    session = dev.simulator.session()

    dev.edit("pages/index/index.wxss", ".title {", ".title { color: rgb(1, 2, 3);")

    await expect(page.front(".title")).to_have_css("color", "rgb(1, 2, 3)")
    await expect(page.front(".item")).to_have_count(2)
    await expect(page.page.locator(".told")).to_contain_text("styles exchanged")
    assert dev.simulator.session() is session


async def test_a_file_that_is_not_packed_changes_nothing(dev: Dev) -> None:
    session = dev.simulator.session()
    (dev.folder / "README.md").write_text("A shop.\n", encoding="utf-8")

    await dev.until(lambda: "nothing has changed" in dev.simulator.hello()["status"]["text"])

    assert dev.simulator.session() is session


async def test_the_screen_alone_follows_the_source_too(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.page.goto(dev.screen_url)
    title = page.page.locator(".program.shown .page-frame.front .title")
    await expect(title).to_have_text("Shopping")

    dev.edit("pages/index/index.wxml", "Shopping", "Elsewhere, too")

    await expect(title).to_have_text("Elsewhere, too")
    await expect(page.page.locator(".tile")).to_be_hidden()


async def test_a_program_that_cannot_be_built_yet_starts_when_it_can(shop: Path, tools: Opener) -> None:
    (shop / "app.json").write_text('{"pages": ["pages/index/indxe"]}')

    async with developing(shop) as broken:
        page = await tools(broken)
        await expect(page.overlay).to_contain_text("has no template pages/index/indxe")
        await expect(page.page.locator(".state")).to_have_text("Build failed")

        broken.edit("app.json", "pages/index/indxe", "pages/index/index")

        await expect(page.front(".title")).to_have_text("Shopping")
        await expect(page.overlay).to_have_count(0)


async def test_a_program_with_another_id_gets_another_storage(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".add")
    await expect(page.front(".item")).to_have_count(2)

    settings = json.loads((dev.folder / "cygnet.json").read_text())
    (dev.folder / "cygnet.json").write_text(json.dumps({**settings, "app_id": "com.example.other"}))

    await dev.heard("Shop started in", 2)
    await expect(page.front(".item")).to_have_count(1)
    await page.tap(".read")
    await expect(page.front(".shown")).to_have_text("0 stored")


async def test_another_board_and_another_size_keep_the_page_and_the_address(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".detail")
    await expect(page.front(".which")).to_be_visible()
    panel = await page.open("board")

    await panel.get_by_role("button", name="rpi-zero2w-speaker").click()

    await expect(page.page.locator(".caption")).to_contain_text("rpi-zero2w-speaker  480 \u00d7 320")
    await expect(page.front(".which")).to_have_text("3 of a b")
    assert await page.page.locator("iframe.screen").evaluate("(frame) => frame.contentWindow.innerWidth") == 480
    await panel.get_by_role("button", name="Phone 390").click()
    await expect(page.page.locator(".caption")).to_contain_text("390 \u00d7 844")
    await expect(page.front(".which")).to_have_text("3 of a b")
    await page.page.get_by_role("button", name="Turn the screen").click()
    await expect(page.page.locator(".caption")).to_contain_text("844 \u00d7 390")
    assert page.page.url.startswith(dev.tools_url)


async def test_the_board_can_be_dark_and_offline(dev: Dev, tools: Opener) -> None:
    dev.edit("app.js", "App({", "wx.onThemeChange((told) => console.log('theme', told.theme));\n"
             "wx.onNetworkStatusChange((told) => console.log('connected', told.isConnected));\nApp({")  # fmt: skip
    await dev.heard("started again")
    page = await tools(dev)
    await expect(page.front(".item")).to_have_css("background-color", "rgb(238, 241, 248)")
    panel = await page.open("board")

    await panel.get_by_role("radio", name="Dark").click()
    await expect(page.front(".item")).to_have_css("background-color", "rgb(34, 40, 56)")
    await panel.get_by_role("radio", name="Offline").click()
    await expect(page.page.get_by_role("button", name="Offline: connect again")).to_be_visible()

    lines = (await page.open("console")).locator(".line .message")
    await expect(lines.filter(has_text="theme dark")).to_have_count(1)
    await expect(lines.filter(has_text="connected false")).to_have_count(1)


async def test_the_board_has_its_own_theme_whatever_the_browser_prefers(dev: Dev, tools: Opener) -> None:
    dev.edit("app.js", "App({", "wx.onThemeChange((told) => console.log('theme', told.theme));\n"
             "console.log('first', wx.getSystemInfoSync().theme);\nApp({")  # fmt: skip
    await dev.heard("started again")
    page = await tools(dev, color_scheme="dark")
    await expect(page.front(".item")).to_have_count(1)
    page = await tools(dev, color_scheme="light")
    panel = await page.open("board")
    await panel.get_by_role("radio", name="Dark").click()

    lines = (await page.open("console")).locator(".line .message")
    await expect(lines.filter(has_text="theme dark")).to_have_count(1)
    await expect(lines.filter(has_text="theme")).to_have_count(1)
    await expect(lines.filter(has_text="first light")).to_have_count(1)


async def test_what_would_be_said_can_be_typed(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("board")

    await panel.get_by_label("Say to the board").fill("we need milk")
    await page.page.keyboard.press("Enter")
    await expect(page.screen.locator(".said")).to_have_text("Added milk.")

    await panel.get_by_role("button", name="we need").first.click()
    await expect(page.screen.locator(".heard")).to_contain_text("we need")
