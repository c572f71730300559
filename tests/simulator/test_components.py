"""What the tools show of components: who set data, whose data they are, and which nodes are hosts."""

import pytest
from playwright.async_api import expect

from tests.simulator.conftest import Dev, Opener, ToolsPage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

SHELF, PRICE = "components/shelf/shelf", "components/price/price"


async def on_the_shelf(dev: Dev, tools: Opener) -> ToolsPage:
    page = await tools(dev)
    await expect(page.front(".title")).to_have_text("Shopping")
    dev.simulator.session().open("/pages/shelf/shelf")
    await expect(page.front("[class$=amount]")).to_have_text("1.29")
    return page


async def test_set_data_names_the_component_and_what_neither_template_nor_observer_reads(
    dev: Dev, tools: Opener
) -> None:
    page = await on_the_shelf(dev, tools)
    panel = await page.open("setdata")
    await page.tap("[class$=sell]")

    row = panel.locator("tr.entry")
    await expect(row.locator(".route")).to_have_text(SHELF)
    await expect(row.locator(".route")).to_have_attribute("title", f"{SHELF} (node 1) in pages/shelf/shelf, on tap")
    await expect(row.locator(".chip")).to_have_text(["sold", "note"])
    await expect(row.locator(".chip.unread")).to_have_text(["note"])
    await expect(panel.locator(".hint")).to_have_text(["No template or observer reads note; keep it outside of data"])


async def test_a_component_is_chosen_and_its_properties_and_data_are_shown_and_follow(dev: Dev, tools: Opener) -> None:
    page = await on_the_shelf(dev, tools)
    panel = await page.open("pages")
    entries = panel.locator(".component-entry")
    await expect(entries).to_have_text(["<page>", f"<shelf>{SHELF}", f"<price> virtual{PRICE}"])
    await expect(panel.locator(".data-place")).to_contain_text('title: "Dairy"')

    await entries.nth(1).click()
    await expect(panel.locator(".route-name")).to_have_text(SHELF)
    await expect(panel.get_by_label("Properties")).to_have_text('title: "Dairy"')
    await expect(panel.get_by_label("Data", exact=True)).to_have_text('sold: 0note: ""')
    await page.tap("[class$=sell]")
    await expect(panel.get_by_label("Data", exact=True)).to_have_text('sold: 1note: "gone"')

    await entries.nth(2).click()
    await expect(panel.get_by_label("Properties")).to_have_text("amount: 1.29")
    await entries.nth(0).click()
    await expect(panel.locator(".route-name")).to_have_text("pages/shelf/shelf")
    await expect(panel.locator(".data-place")).to_contain_text("amount: 1.29")


async def test_hosts_are_marked_among_the_nodes_and_lead_to_their_data(dev: Dev, tools: Opener) -> None:
    page = await on_the_shelf(dev, tools)
    panel = await page.open("pages")
    await panel.get_by_role("radio", name="Nodes").click()
    nodes = panel.locator(".nodes")
    await expect(nodes.locator(".component")).to_have_text([SHELF])
    await expect(nodes.locator("summary", has_text="<view")).to_have_text('<view class="shelf">')

    # Chosen on the left, it is unfolded and marked here, virtual or not.
    await panel.locator(".component-entry", has_text="<price>").click()
    await expect(nodes.locator(".chosen")).to_contain_text(f"<price>{PRICE}".replace(">c", "> c"))
    await expect(nodes.locator("summary.virtual")).to_have_count(1)
    await nodes.get_by_role("button", name=SHELF).click()

    await expect(panel.get_by_role("radio", name="Data")).to_be_checked()
    await expect(panel.locator(".route-name")).to_have_text(SHELF)
    await expect(panel.get_by_label("Properties")).to_have_text('title: "Dairy"')


async def test_the_page_is_chosen_again_when_the_component_is_gone(dev: Dev, tools: Opener) -> None:
    page = await on_the_shelf(dev, tools)
    panel = await page.open("pages")
    await panel.locator(".component-entry", has_text="<price>").click()
    await expect(panel.locator(".route-name")).to_have_text(PRICE)

    dev.edit("pages/shelf/shelf.wxml", '<price amount="{{amount}}"/>', "nothing costs {{amount}}")

    await expect(panel.locator(".route-name")).to_have_text("pages/shelf/shelf")
    await expect(panel.locator(".component-entry")).to_have_text(["<page>", f"<shelf>{SHELF}"])
    await expect(panel.locator(".data-place")).to_contain_text('title: "Dairy"')


async def test_a_page_without_components_lists_none(dev: Dev, tools: Opener) -> None:
    page = await tools(dev)
    panel = await page.open("pages")
    await expect(panel.locator(".data-place")).to_contain_text("items: Array(1)")
    await expect(panel.locator(".components")).to_be_hidden()
