"""What is wrong stands over the screen, with the lines of the source, until it is mended."""

import pytest
from playwright.async_api import expect

from tests.simulator.conftest import Dev, Opener

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def test_a_broken_template_is_shown_with_its_line_and_goes_when_it_is_mended(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".add")
    await expect(page.front(".item")).to_have_count(2)

    dev.edit("pages/index/index.wxml", "{{shown}} stored", "{{shown +}} stored")

    await expect(page.overlay.get_by_role("heading", name="The build failed")).to_be_visible()
    await expect(page.overlay.locator(".sentence")).to_have_text("a value is missing")
    await expect(page.overlay.locator(".place-link")).to_have_text("pages/index/index.wxml:13:32")
    await expect(page.overlay.locator(".source-line.marked")).to_contain_text(
        '<view class="shown">{{shown +}} stored</view>'
    )
    await expect(page.overlay.locator(".source-line")).to_have_count(7)  # three before, two after, and the caret
    await expect(page.page.locator(".state")).to_have_text("Build failed")
    await expect(page.front(".item")).to_have_count(2)  # the old program runs on

    dev.edit("pages/index/index.wxml", "{{shown +}} stored", "{{shown + 1}} stored")

    await expect(page.overlay).to_have_count(0)
    await expect(page.front(".shown")).to_have_text("1 stored")


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence", "place"),
    [
        ("pages/index/index.js", "onRead() {", "onRead( {", "", "pages/index/index.js:18:"),
        ("pages/index/index.wxss", ".title {", '@import "index.wxss"; .title {', "import each other", "index.wxss:2:"),
        ("cygnet.json", '"name": "Shop",', '"name": "Shop"', "not JSON", "cygnet.json:4:3"),
        ("cygnet.json", '"permissions"', '"permisions"', "did you mean 'permissions'?", "cygnet.json:4"),
        ("app.json", '"pages":', '"pages" "', "not JSON", "app.json:1:"),
    ],
)
async def test_each_kind_of_source_is_pointed_into(
    dev: Dev, tools: Opener, file: str, old: str, new: str, sentence: str, place: str
) -> None:
    page = await tools(dev)
    dev.edit(file, old, new)

    await expect(page.overlay.locator(".sentence")).to_contain_text(sentence)
    await expect(page.overlay.locator(".place-link")).to_contain_text(place)
    await expect(page.overlay.locator(".source-line.marked")).to_have_count(1)


async def test_the_screen_alone_says_that_the_build_failed_until_it_is_mended(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.page.goto(dev.screen_url)
    shown = page.page.locator(".program.shown .page-frame.front")
    await expect(shown.locator(".title")).to_have_text("Shopping")
    dev.edit("pages/index/index.wxml", "{{shown}}", "{{shown")
    notice = page.page.locator(".notice")
    await expect(notice).to_contain_text("The build failed: pages/index/index.wxml:13: ")
    await shown.locator(".add").click()  # the old program runs on
    await expect(shown.locator(".item")).to_have_count(2)

    with_tools = await tools(dev)  # there the overlay says it
    await expect(with_tools.overlay).to_be_visible()
    await expect(with_tools.screen.locator(".notice")).to_be_hidden()

    dev.edit("pages/index/index.wxml", "{{shown", "{{shown}}")
    await expect(notice).to_be_hidden()


async def test_an_uncaught_error_is_shown_at_its_source_line_with_its_stack(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".fail")

    await expect(page.overlay.get_by_role("heading", name="An error that nobody caught")).to_be_visible()
    await expect(page.overlay.locator(".sentence")).to_have_text("TypeError: cannot read property 'milk' of undefined")
    await expect(page.overlay.locator(".place-link")).to_have_text("pages/index/index.js:30:12")
    await expect(page.overlay.locator(".source-line.marked")).to_have_text("30    return prices.milk;")
    await expect(page.overlay.locator(".frames .frame")).to_have_text("onFailpages/index/index.js:26:17")
    await expect(page.overlay).to_contain_text("In onFail of pages/index/index.")

    dev.edit("pages/index/index.js", "return prices.milk;", "return prices;")

    await expect(page.overlay).to_have_count(0)


async def test_a_rejected_promise_is_shown_and_a_console_error_is_not(dev: Dev, tools: Opener) -> None:
    dev.edit("pages/index/index.js", "return prices.milk;", "console.error('only told'); return this.later();")
    dev.edit(
        "pages/index/index.js",
        "  onFetch() {",
        "  async later() {\n    throw new Error('too late');\n  },\n\n  onFetch() {",
    )
    await dev.heard("started again")
    page = await tools(dev)
    await page.tap(".fail")

    await expect(page.overlay.locator(".sentence")).to_contain_text("too late")
    await expect(page.overlay.locator(".pager")).to_have_count(0)
    await expect(page.page.locator(".line.level-error .message").first).to_contain_text("only told")


async def test_an_error_can_be_put_aside_and_its_source_be_read(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".fail")
    await page.overlay.locator(".frames .source-link").click()

    sheet = page.page.get_by_role("complementary", name="Source")
    await expect(sheet.locator(".marked")).to_have_text("26    this.totals(undefined);")
    await page.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(page.overlay).to_be_visible()
    await page.page.keyboard.press("Escape")
    await expect(page.overlay).to_have_count(0)
    await page.tap(".add")
    await expect(page.front(".item")).to_have_count(2)


async def test_the_overlay_can_be_closed_while_the_screen_has_the_focus(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".fail")
    await expect(page.overlay).to_be_visible()
    assert await page.page.evaluate("document.activeElement.className") == "screen"

    await page.page.keyboard.press("Escape")

    await expect(page.overlay).to_have_count(0)


async def test_several_errors_can_be_paged_through(dev: Dev, tools: Opener) -> None:
    dev.edit(
        "pages/index/index.js",
        "    this.totals(undefined);",
        "    setTimeout(() => this.totals(null), 1);\n    this.totals(undefined);",
    )
    await dev.heard("started again")
    page = await tools(dev)
    await page.tap(".fail")

    await expect(page.overlay.locator(".pager")).to_contain_text("1 of 2")
    await page.overlay.get_by_role("button", name="Next error").click()
    await expect(page.overlay.locator(".sentence")).to_contain_text("of null")


async def test_an_error_at_the_start_is_shown_to_a_page_that_is_opened_later(dev: Dev, tools: Opener) -> None:
    dev.edit("app.js", "App({", "missing();\nApp({")
    await dev.heard("started again")
    page = await tools(dev)

    await expect(page.overlay.locator(".sentence")).to_contain_text("missing")
    await expect(page.overlay.locator(".place-link")).to_contain_text("app.js:1")


async def test_a_program_that_ends_itself_says_why_and_can_be_started_again(dev: Dev, tools: Opener) -> None:
    dev.edit(
        "pages/index/index.js",
        "return prices.milk;",
        "for (const all = []; ; ) all.push('x'.repeat(1e6) + all.length);",
    )
    await dev.heard("started again")
    page = await tools(dev)
    await page.tap(".fail")

    await expect(page.page.locator(".state")).to_have_text("Stopped")
    await expect(page.overlay.locator(".place-link")).to_have_text("pages/index/index.js:30:43")
    await page.overlay.get_by_role("button", name="Next error").click()
    await expect(page.overlay.locator(".sentence")).to_contain_text("it needs more than the 64 MB it may have")
    await page.page.get_by_role("button", name="Start the program again").click()
    await expect(page.overlay).to_have_count(0)
    await expect(page.front(".title")).to_be_visible()
    await expect(page.page.locator(".state")).to_have_text("Running")
