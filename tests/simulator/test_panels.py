"""What the panels show of a running program, and what they change in it."""

import pytest
from playwright.async_api import expect

from tests.simulator.conftest import Dev, Opener
from tests.simulator.shop import APP_ID

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


# ------------------------------------------------------------------ console


async def test_the_console_shows_values_that_unfold_and_where_they_were_written(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".add")

    line = page.page.locator(".line", has_text="added")
    await expect(line.locator(".preview")).to_have_text('{name: "milk", tags: Array(2), price: Object}')
    await line.locator("summary").click()
    await expect(line.locator(".members").first).to_contain_text('name: "milk"')
    await line.locator("summary", has_text="price:").last.click()
    await expect(line.locator(".members").first).to_contain_text("amount: 1.29")
    await line.get_by_role("button", name="index.js:14").click()
    await expect(page.page.locator(".sheet .marked")).to_contain_text("console.log('added'")


async def test_the_console_is_filtered_by_level_and_by_words(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".elsewhere")
    await page.tap(".add")
    await page.tap(".fail")
    lines = page.page.locator(".line .message")
    await expect(lines).to_have_count(3)

    await page.page.get_by_role("radio", name="Warnings 1").click()
    await expect(lines).to_have_text(
        ["request:fail url not in domain list: the manifest does not declare https://elsewhere.example"]
    )
    await page.page.get_by_role("radio", name="All").click()
    await page.page.get_by_label("Filter the console").fill("ADDED")
    await expect(lines).to_have_count(1)
    await expect(page.page.locator("#tab-console .badge")).to_have_text("1")

    await page.page.get_by_role("button", name="Clear the console").click()
    await expect(lines).to_have_count(0)


async def test_equal_lines_are_counted_and_a_restart_is_marked(dev: Dev, tools: Opener) -> None:
    dev.edit(
        "pages/index/index.js",
        "console.log('added', ",
        "for (let i = 0; i < 3; i++) console.log('again');\n    console.debug('added', ",
    )
    await dev.heard("started again")
    page = await tools(dev)
    await page.tap(".add")

    await expect(page.page.locator(".line", has_text="again").locator(".repeated")).to_have_text("3")
    await expect(page.page.locator(".line.level-debug")).to_have_count(1)
    await expect(page.page.locator(".mark span")).to_have_text(["Shop started", "Shop started again"])


async def test_what_a_program_writes_is_never_more_than_text(dev: Dev, tools: Opener) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    dev.edit("pages/index/index.js", "console.log('added', {", f"console.log('{hostile}', {{ '<b>key</b>': 1,")
    await dev.heard("started again")
    page = await tools(dev)
    await page.tap(".add")

    await expect(page.page.locator(".line .message")).to_contain_text(hostile)
    await expect(page.page.locator(".line :is(img, b)")).to_have_count(0)


# ------------------------------------------------------------------ network


async def test_a_request_is_shown_with_status_sizes_headers_and_body(served_dev: Dev, tools: Opener) -> None:
    page = await tools(served_dev)
    await page.tap(".fetch")
    panel = await page.open("network")

    row = panel.locator("tr.entry")
    await expect(row.locator("td").nth(0)).to_contain_text("/prices?of=milk")
    await expect(row.locator("td").nth(1)).to_have_text("GET")
    await expect(row.locator("td").nth(2)).to_have_text("200")
    await expect(row.locator("td").nth(4)).to_have_text("38 B")
    await row.click()
    await panel.get_by_role("tab", name="Headers").click()
    await expect(panel.locator(".detail-body")).to_contain_text("X-Shop")
    await expect(panel.locator(".detail-body")).to_contain_text("X-Answer")
    await panel.get_by_role("tab", name="Body").click()
    await expect(panel.locator(".detail-body")).to_contain_text("prices: Array(2)")


async def test_a_refused_request_says_why_and_can_be_let_through(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.tap(".elsewhere")
    panel = await page.open("network")
    await expect(page.page.locator("#tab-network .badge")).to_have_text("1")

    await panel.locator("tr.state-refused").click()
    await expect(panel.locator(".reason")).to_have_text(
        "url not in domain list: the manifest does not declare https://elsewhere.example"
    )
    await expect(panel.locator(".advice")).to_contain_text('"network": { "request": ["https://elsewhere.example"] }')
    await panel.get_by_role("button", name="Allow while the tools run").click()
    await expect(panel.get_by_role("button", name="Allowed while the tools run")).to_be_disabled()

    await page.tap(".elsewhere")
    await expect(panel.locator("tr.state-failed")).to_have_count(1)  # it was tried, and nobody answers there


async def test_a_socket_is_shown_with_its_messages(served_dev: Dev, tools: Opener) -> None:
    page = await tools(served_dev)
    await page.tap(".socket")
    panel = await page.open("network")

    await expect(panel.locator("tr.state-open td").nth(2)).to_have_text("open")
    await panel.locator("tr.entry").click()
    await panel.get_by_role("tab", name="Messages").click()
    await expect(panel.locator(".socket-message .message")).to_have_text(["any news?", "no news after 'any news?'"])

    await page.page.get_by_role("button", name="Online: cut off the network").click()
    await expect(panel.locator("tr.entry td").nth(2)).to_have_text("failed")


async def test_offline_requests_fail_and_go_through_again(served_dev: Dev, tools: Opener) -> None:
    page = await tools(served_dev)
    panel = await page.open("network")
    await page.page.get_by_role("button", name="Online: cut off the network").click()
    await page.page.get_by_role("button", name="Offline: connect again").wait_for()
    await page.tap(".fetch")
    await expect(panel.locator("tr.state-failed")).to_have_count(1)
    await panel.locator("tr.state-failed").click()
    await expect(panel.locator(".reason")).to_have_text("no address for 127.0.0.1: the device is offline")

    await page.page.get_by_role("button", name="Offline: connect again").click()
    await page.page.get_by_role("button", name="Online: cut off the network").wait_for()
    await page.tap(".fetch")
    await expect(panel.locator("tr.state-done")).to_have_count(1)


# ------------------------------------------------------------------ storage


async def test_storage_is_seen_edited_and_read_by_the_program(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("storage")
    await expect(panel).to_contain_text("Nothing is stored")
    await page.tap(".add")
    await expect(panel.locator("tr.entry .storage-value")).to_contain_text('{"name":"bread","count":2}')
    await expect(panel.get_by_role("meter")).to_have_attribute("aria-valuetext", "91 B of 10.0 MB")

    await panel.get_by_role("button", name="Edit items").click()
    await panel.get_by_label("Value as JSON").fill("[1, 2, 3, 4")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.get_by_role("alert")).to_contain_text("This is not JSON")
    await panel.get_by_label("Value as JSON").fill("[1, 2, 3, 4]")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.locator("tr.entry .storage-value")).to_have_text("[1,2,3,4]")
    await page.tap(".read")
    await expect(page.front(".shown")).to_have_text("4 stored")


async def test_keys_are_added_deleted_and_cleared(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("storage")
    for key in ("first", "second"):
        await panel.get_by_role("button", name="Add a key").click()
        await panel.get_by_label("Key", exact=True).fill(key)
        await panel.get_by_label("Value as JSON").fill('"text"')
        await page.page.keyboard.press("Control+Enter")
        await expect(panel.locator(f'tr[data-key="{key}"]')).to_have_count(1)

    await panel.get_by_role("button", name="Delete first").click()
    await expect(panel.locator("tr.entry")).to_have_count(1)
    await panel.get_by_role("button", name="Delete every key").click()
    await page.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(panel.locator("tr.entry")).to_have_count(0)
    assert dev.simulator.device.storage.load(APP_ID) == {}


async def test_a_value_that_does_not_fit_is_refused_in_a_sentence(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("storage")
    await panel.get_by_role("button", name="Add a key").click()
    await panel.get_by_label("Key", exact=True).fill("huge")
    await panel.get_by_label("Value as JSON").fill('"' + "x" * 1048575 + '"')
    await panel.get_by_role("button", name="Save").click()

    await expect(page.page.locator(".toast.bad")).to_contain_text("has more than 1048576 characters")


# ------------------------------------------------------------------ setData


async def test_each_set_data_is_measured(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("setdata")
    await page.tap(".add")

    row = panel.locator("tr.entry")
    await expect(row.locator(".chip")).to_have_text(["items"])
    await expect(row.locator(".route")).to_have_text("pages/index/index")
    await expect(row.locator("td").nth(3)).to_have_text("64 B")
    await expect(row.locator("td").nth(4)).to_contain_text(" B")
    await expect(row.locator("td").nth(5)).to_contain_text("ms")
    await expect(panel.locator("svg.chart .bar-line")).to_have_count(1)


async def test_large_payloads_and_data_that_no_template_reads_are_warned_of(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("setdata")
    await page.tap(".flood")

    await expect(panel.locator("tr.entry td").nth(3)).to_have_text("90 KB")
    await expect(panel.locator(".hint")).to_contain_text(
        ["90 KB cross to the view at once", "No template or observer reads shadow.text"]
    )
    await expect(panel.locator(".chart .limit-words")).to_have_text("64 KB")
    await expect(page.page.locator("#tab-setdata .badge")).to_have_text("1")


# ------------------------------------------------------------------ pages, performance


async def test_the_stack_and_the_data_of_each_page_are_shown_and_follow(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("pages")
    await expect(panel.locator(".data-place")).to_contain_text("items: Array(1)")
    await page.tap(".add")
    await expect(panel.locator(".data-place")).to_contain_text("items: Array(2)")
    await page.tap(".detail")
    await expect(panel.locator(".stack-route")).to_have_text(["pages/detail/detail", "pages/index/index"])
    await expect(panel.locator(".stack-list .chip")).to_have_text(["id=3", "of=a b"])
    await expect(panel.locator(".data-place")).to_contain_text('of: "a b"')

    await panel.get_by_role("button", name="pages/index/index").click()
    await expect(panel.locator(".data-place")).to_contain_text("items: Array(2)")


async def test_the_nodes_of_a_page_are_shown_as_its_template_made_them(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("pages")
    await panel.get_by_role("radio", name="Nodes").click()

    nodes = panel.locator(".nodes")
    await expect(nodes).to_contain_text('<view class="shown">')
    await nodes.locator("summary", has_text='class="buttons"').click()
    await expect(nodes.locator("summary", has_text='class="add"').locator(".chip")).to_have_text("tap")
    await page.tap(".add")
    await expect(nodes.locator("summary", has_text='class="item"')).to_have_count(2)


async def test_a_page_can_be_opened_by_its_path(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("pages")
    await panel.get_by_label("Open a page").fill("pages/detail/detail?id=7&of=x")
    await page.page.keyboard.press("Enter")

    await expect(page.front(".which")).to_have_text("7 of x")


async def test_the_start_and_each_event_are_timed(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("performance")
    for phase in ("Build", "Install", "Start of a worker", "app.js", "onLoad of pages/index/index", "View and patch"):
        await expect(panel.locator(".phase-name", has_text=phase).first).to_be_visible()

    await page.tap(".add")
    row = panel.locator("tr.entry", has_text="tap").first
    await expect(row.locator("td").nth(3)).to_contain_text("ms")
    await row.locator("summary").click()
    await expect(row).to_contain_text("the handler onAdd")
    await expect(row).to_contain_text("waiting for the host")


# ------------------------------------------------------------------ permissions


async def test_permissions_show_what_is_asked_and_used_and_can_be_denied(served_dev: Dev, tools: Opener) -> None:
    page = await tools(served_dev)
    panel = await page.open("permissions")
    await page.tap(".fetch")
    row = panel.locator('[data-rule="permission request"]')
    await expect(row).to_contain_text("Asks for today's prices")
    await expect(row.locator(".count")).to_have_text("used 1 \u00d7")

    await row.get_by_role("radio", name="Deny").click()
    await expect(row.get_by_role("radio", name="Deny")).to_be_checked()
    await page.tap(".fetch")
    await expect(row.locator(".count")).to_contain_text("refused 1 \u00d7")
    network = await page.open("network")
    await network.locator("tr.state-refused").click()
    await expect(network.locator(".reason")).to_have_text("the manifest does not ask for the permission request")

    await page.open("permissions")
    await row.get_by_role("radio", name="Manifest").click()
    await page.tap(".fetch")
    await expect(row.locator(".count")).to_contain_text("used 2 \u00d7")


async def test_a_declared_server_can_be_denied(served_dev: Dev, tools: Opener) -> None:
    page = await tools(served_dev)
    panel = await page.open("permissions")
    origin = served_dev.simulator.hello()["program"]["origins"]["request"][0]
    row = panel.locator(f'[data-rule="request {origin}"]')
    await row.get_by_role("radio", name="Deny").click()
    await expect(row.locator(".dot.bad")).to_have_count(1)
    await page.tap(".fetch")

    network = await page.open("network")
    await expect(network.locator("tr.state-refused")).to_have_count(1)


# ------------------------------------------------------------------ the tools themselves


async def test_the_tools_can_be_used_by_keyboard(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    await page.page.locator("#tab-console").focus()
    await page.page.keyboard.press("ArrowRight")
    await expect(page.page.locator("#tab-network")).to_be_focused()
    await expect(page.page.locator("#panel-network")).to_be_visible()
    await page.page.keyboard.press("Alt+8")
    await expect(page.page.locator("#panel-board")).to_be_visible()

    splitter = page.page.get_by_role("separator")
    width = await page.page.locator(".pane").evaluate("(pane) => pane.clientWidth")
    await splitter.focus()
    await page.page.keyboard.press("ArrowLeft")
    await expect(splitter).to_have_attribute("aria-valuenow", str(width + 20))


async def test_the_bar_between_can_be_dragged_and_stays_where_it_was_put(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    splitter = page.page.get_by_role("separator")
    box = await splitter.bounding_box()
    assert box is not None
    await page.page.mouse.move(box["x"], 400)
    await page.page.mouse.down()
    await page.page.mouse.move(box["x"] - 100, 400)
    await page.page.mouse.up()
    moved = await splitter.get_attribute("aria-valuenow")
    assert int(moved or 0) > 700

    await page.page.reload()
    await expect(splitter).to_have_attribute("aria-valuenow", moved or "")


async def test_narrow_windows_have_the_tools_below(dev: Dev, tools: Opener) -> None:
    page = await tools(dev, 1024, 700)
    await expect(page.page.locator(".workspace")).to_have_attribute("data-dock", "bottom")
    await page.page.get_by_role("button", name="Tools beside the screen").click()
    await expect(page.page.locator(".workspace")).to_have_attribute("data-dock", "right")
    overflow = await page.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not overflow


async def test_what_the_build_noticed_can_be_read(dev: Dev, tools: Opener) -> None:
    dev.edit("pages/index/index.wxml", "wx:for=", 'wx:fro="{{1}}" wx:for=')
    page = await tools(dev)

    await page.page.get_by_role("button", name="1 warning").click()
    await expect(page.page.get_by_role("dialog")).to_contain_text("pages/index/index.wxml:14")
