"""Devices and groups on the page: found, tagged, gathered; and as many as a product has."""

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import insert

from device_runtime.sync.messages import ProgramReport
from device_runtime.sync.screen_messages import ViewState
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.screen.answers import ScreenEvent
from firmware_tools.fleet.server import RunningFleet
from tests.fleet.packages import small_package
from tests.fleet.page.conftest import WHOLE, Visit
from tests.fleet.page.populated import appear, count_traffic, report, tell

pytestmark = [pytest.mark.broker, pytest.mark.browser]


COUNT = 10_000 if WHOLE else 1_000


async def test_many_devices_are_searched_and_turned_a_page_at_a_time(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    def work(registry: Registry) -> None:
        rows = [
            {"id": f"d{number:05}", "name": f"Device {number}", "enrolled_at": 1.0, "desired_version": 1}
            for number in range(COUNT)
        ]
        registry.connection.execute(insert(devices), rows)

    await fleet.service.change(work)
    await visit("#/devices")
    rows, found = page.get_by_role("article"), page.get_by_role("region", name="All devices").get_by_role("status")
    await expect(found).to_have_text(f"{COUNT:,} devices")
    await expect(rows).to_have_count(50)
    await page.get_by_role("button", name="Next page").click()
    await expect(rows.first).to_have_attribute("data-id", "d00050")
    await page.go_back()
    await expect(rows.first).to_have_attribute("data-id", "d00000")
    search = page.get_by_role("searchbox")
    await search.fill("d0099")
    await expect(found).to_have_text(f"10 devices of {COUNT:,}")
    await search.fill('id ~ "d00?00" and not id = d00100')
    await expect(found).to_have_text(f"9 devices of {COUNT:,}")
    await search.fill("board = ")
    await expect(page.get_by_role("alert").filter(has_text="the query is wrong at character 8")).to_be_visible()
    await search.fill("status = never and id = d00007")
    await expect(rows).to_have_count(1)
    await page.reload()
    await expect(search).to_have_value("status = never and id = d00007")
    await expect(rows).to_have_count(1)
    await visit("#/telemetry")
    assert await page.evaluate("document.querySelectorAll('*').length") < 1000


async def test_devices_are_filtered_by_state_and_tag_and_tagged_where_they_stand(
    populated: RunningFleet, page: Page, visit: Visit
) -> None:
    await visit("#/")
    await page.get_by_role("region", name="Devices", exact=True).get_by_role("link", name="failed").click()
    rows = page.get_by_role("article")
    await expect(rows).to_have_count(3)
    await expect(page.get_by_role("article", name="Office speaker 2")).to_contain_text("the disk is full")
    await page.get_by_label("State").select_option("")
    await page.get_by_label("Tag", exact=True).select_option("floor:1")
    await expect(rows).to_have_count(10)
    assert page.url.endswith("#/devices?tag=floor%3A1")
    hall = page.get_by_role("article", name="Hall speaker 4")
    await hall.get_by_role("button", name="Add a tag to Hall speaker 4").click()
    await hall.get_by_label("New tag of Hall speaker 4").fill("Not A Tag")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("must be 1 to 64 lower-case letters")).to_be_visible()
    await hall.get_by_label("New tag of Hall speaker 4").fill("quiet")
    await page.keyboard.press("Enter")
    await expect(hall.get_by_text("quiet")).to_be_visible()
    await hall.get_by_role("button", name="Take the tag floor:1 away from Hall speaker 4").click()
    await expect(rows).to_have_count(9)
    tags = await populated.rollouts.tags()
    assert tags["hall-4"] == ["lobby", "quiet"]


async def test_a_group_is_made_by_a_query_that_shows_whom_it_takes(
    populated: RunningFleet, page: Page, visit: Visit
) -> None:
    await visit("#/groups")
    query = page.get_by_role("textbox", name="Query")
    await query.fill('id ~ "kitchen')
    await expect(page.get_by_role("alert").filter(has_text="the query is wrong")).to_be_visible()
    await query.fill('id ~ "kitchen-*" and not id = kitchen-5')
    await expect(page.get_by_text("Takes 4 devices now")).to_be_visible()
    await expect(page.locator(".preview")).to_contain_text("Kitchen speaker 1, Kitchen speaker 2")
    await page.get_by_label("Name").fill("kitchens")
    await page.get_by_role("button", name="Make the group").click()
    await expect(page.get_by_role("heading", name="kitchens")).to_be_visible()
    await expect(page.get_by_role("region", name="In it now").get_by_role("listitem")).to_have_count(4)
    await page.get_by_role("link", name="kitchen-3").click()
    belongs = page.get_by_role("region", name="Belongs to")
    await expect(belongs.get_by_role("link", name="kitchens")).to_be_visible()
    await expect(belongs.get_by_role("link", name="org.example.lamp 1.3.0")).to_be_visible()

    await visit("#/groups/demo-room")
    await page.get_by_label("Add a device").fill("lobby-1")
    await page.get_by_role("button", name="Change the group").click()
    members = page.get_by_role("region", name="In it now").get_by_role("listitem")
    await expect(members).to_have_count(3)
    await page.get_by_role("button", name="Take hall-1 out of demo-room").click()
    await page.get_by_role("dialog").get_by_role("button", name="Take it out").click()
    await expect(members).to_have_count(2)
    await page.get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete the group").click()
    await expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="demo-room")).to_have_count(0)


WIDEST = """
[...document.querySelectorAll('#view *')].filter(e => e.getBoundingClientRect().right > innerWidth)
  .map(e => e.className).slice(0, 9)
"""


async def test_certificates_are_shown_and_revoked_where_the_fleet_gives_any(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    good = {"serial": "5f2c", "not_before": 1.79e9, "not_after": 1.82e9, "state": "active", "fingerprint": "ab" * 32}
    answers = [{"status": 404, "json": {"error": "Not Found"}}, {"json": {"certificates": [good]}}]
    answers.append({"json": {"certificates": [{**good, "state": "revoked", "reason": "<b>lost</b>"}]}})
    asked: list[str] = []

    async def answer(route: Route) -> None:
        if route.request.method == "POST":
            asked.append(route.request.post_data or "")
            await route.fulfill(json={"revoked": 1})
        else:
            await route.fulfill(**answers.pop(0))  # type: ignore[arg-type]

    await page.route(lambda url: "/api/devices/kitchen/certificates" in url, answer)
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    await visit("#/devices/kitchen")
    certificates = page.get_by_role("region", name="Certificates")
    await expect(certificates).to_have_count(0)
    await visit("#/devices")
    await visit("#/devices/kitchen")
    await expect(certificates).to_contain_text("5f2c")
    await certificates.get_by_role("button", name="Revoke…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Why").fill("lost")
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(certificates).to_contain_text("<b>lost</b>")
    await expect(certificates.get_by_role("button", name="Revoke…")).to_have_count(0)
    assert asked == ['{"reason":"lost"}']


@pytest.mark.skipif(not WHOLE, reason="`make page` runs it")
async def test_bytes_on_the_wire_are_shown_by_channel_and_day_and_brought_up_to_date(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    await fleet.operations.enroll("hall", "")
    await count_traffic(fleet, "kitchen")
    await visit("#/devices/kitchen")
    wire = page.get_by_role("region", name="Bytes on the wire")
    await expect(wire).to_contain_text("messages, by days of UTC, since")
    await expect(wire.get_by_text("9,300 messages")).to_be_visible()
    await expect(wire.locator("svg rect.c0")).to_have_count(30)
    await expect(wire.locator("svg text").filter(has_text="KB").first).to_be_visible()
    content = wire.get_by_role("row").filter(has_text="content")
    await expect(content).to_have_text("received: content0 B879 KB")
    await expect(wire.get_by_role("row").filter(has_text="screen")).to_have_count(0)  # nobody looked
    fleet.service.traffic_keeper.traffic.received("kitchen", "content", 1_048_576)
    await fleet.service.traffic_keeper.store()
    fleet.service.feed.announce({"type": "refresh"})
    await expect(content).to_have_text("received: content1.0 MB1.9 MB")


PLACES = """
const note = (text) => (document.body.dataset.heard = `${document.body.dataset.heard ?? ""} ${text}`);
export const SECTIONS = [
  { id: "screen", title: "Screen", wide: true, mount(box, device, view) {
    box.textContent = `The screen of ${device.id}`;
    view.on("screen", ({ state }) => note(state));
    view.signal.addEventListener("abort", () => note("left"));
  } },
  { id: "nothing", title: "Nothing", mount: () => false },
  { id: "broken", title: "Broken", mount() { throw new Error("it broke"); } },
];
"""


def of_screen(state: ViewState) -> ScreenEvent:
    return {"type": "screen", "device": "kitchen", "state": state, "by": "ada", "reason": "", "until": 0}


async def test_a_module_fills_its_place_on_a_device_s_page_hears_events_and_is_told_when_it_is_left(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    await page.route("**/device_sections.js", lambda route: route.fulfill(body=PLACES, content_type="text/javascript"))
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    await visit("#/devices/kitchen")
    await expect(page.get_by_role("region", name="Screen")).to_have_text("ScreenThe screen of kitchen")
    await expect(page.locator("[data-slot=screen]")).to_be_visible()
    await expect(page.get_by_role("region", name="Nothing")).to_have_count(0)
    await expect(page.get_by_role("region", name="Broken")).to_contain_text("it broke")
    fleet.service.feed.announce(of_screen("asked"))
    await expect(page.locator("body")).to_have_attribute("data-heard", " asked")
    await visit("#/devices")
    await expect(page.locator("body")).to_have_attribute("data-heard", " asked left")
    fleet.service.feed.announce(of_screen("ended"))
    fleet.service.feed.announce({"type": "broker", "connected": True})
    await expect(page.locator("body")).to_have_attribute("data-heard", " asked left")


MARKUP = '<img src=x onerror="document.body.dataset.broken=1"><script>document.body.dataset.broken=1</script>'
TEXTS = {
    "markup": MARKUP,
    "from-right": "\u0645\u0643\u0628\u0631 \u0635\u0648\u062a \u05e8\u05de\u05e7\u05d5\u05dc 12 (3)",
    "long": "W" * 100,
    "wide": "\u753b\u9762\u97f3\u7bb1" * 20,
    "stacked": "Z\u0351\u036b\u0343\u036a" * 20,
}


async def test_what_devices_write_in_any_script_is_text_and_stays_in_its_place(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    long = "x" * 60
    for device, text in TEXTS.items():
        await fleet.operations.enroll(device, text[:100])
    await fleet.operations.publish(small_package(f"org.example.{long}"), "x.ma")
    for device, text in TEXTS.items():
        failed = ProgramReport(1, text[:60], "failed", error=text * 3)
        await fleet.operations.assign(device, f"org.example.{long}", None, launch=False)
        await report(fleet, [device], {f"org.example.{long}": failed}, board="speaker")
        await tell(fleet, device, [(60, text[:60], text[:60], {text[:60]: text, "n": 1})])
    await appear(fleet, list(TEXTS))
    await fleet.rollouts.create_group("all", "all", [], MARKUP)
    plan = {"group": "all", "soak": "0s", "errors": "100%"}
    await fleet.rollouts.create("program", f"org.example.{long}", 1, plan, MARKUP[:100], MARKUP[:100])
    for width in (360, 1280) if WHOLE else (360,):
        await page.set_viewport_size({"width": width, "height": 740})
        for view in ("#/", "#/devices", *(f"#/devices/{device}" for device in TEXTS), "#/groups", "#/groups/all",
                     "#/rollouts", "#/rollouts/1", "#/rollouts/new", "#/releases", "#/telemetry"):  # fmt: skip
            await visit(view)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide == width, f"{view} scrolls sideways: {await page.evaluate(WIDEST)}"
            assert await page.evaluate("document.querySelectorAll('main img, main script').length") == 0, view
    assert await page.evaluate("document.body.dataset.broken") is None
    await visit("#/devices/from-right")
    # Its name runs from the right, and what stands beside it goes on from the left.
    name = page.get_by_role("heading", level=1).locator("bdi")
    assert await name.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
    assert await name.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert await page.locator(".beside").evaluate("e => getComputedStyle(e).direction") == "ltr"
