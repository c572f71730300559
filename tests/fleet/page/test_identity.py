"""Claim codes and certificates on the page: made and shown once, withdrawn, and what expires."""

import csv
import io
import re
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from device_runtime.sync.claim_codes import normalise
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.server import RunningFleet
from tests.fleet.page.conftest import WHOLE, Visit
from tests.fleet.page.populated import enroll, identities
from tests.fleet.page.test_signing_in import sign_in, staff

__all__ = ["staff"]
pytestmark = [pytest.mark.broker, pytest.mark.browser]
with_make_page = pytest.mark.skipif(not WHOLE, reason="`make page` runs it")
ASKED = "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"


@pytest_asyncio.fixture(loop_scope="session")
async def identified(fleet: RunningFleet, home: FleetHome) -> RunningFleet:
    """A fleet with a CA, devices with certificates, and claims in every state."""
    await enroll(fleet, {"kitchen-1": "Kitchen speaker", "hall-3": "", "garage-5": ""})
    await identities(fleet, home)
    return fleet


async def test_codes_for_a_bench_are_shown_once_saved_and_printed_as_labels(
    fleet: RunningFleet, home: FleetHome, page: Page, visit: Visit, tmp_path: Path
) -> None:
    IdentityOffice(home).init(None, [])
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await visit("#/identity")
    await expect(page.get_by_role("heading", name="No claim codes yet")).to_be_visible()
    await page.get_by_role("button", name="New claim codes…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Many devices, which propose their ids").check()
    await dialog.get_by_label("How many").fill("30")
    await dialog.get_by_label("Tags that these devices get").fill("batch:7 Line:2")
    await dialog.get_by_role("button", name="Make").click()
    await expect(dialog.get_by_text("must be 1 to 64 lower-case letters")).to_be_visible()
    await dialog.get_by_label("Tags that these devices get").fill("batch:7, line:2")
    await dialog.get_by_role("button", name="Make").click()
    await expect(dialog.get_by_text("They are shown only now.")).to_be_visible()
    codes = await dialog.get_by_role("list", name="Claim codes").get_by_role("listitem").all_text_contents()
    assert len(set(codes)) == 30
    assert [normalise(code) for code in codes] == codes

    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await dialog.get_by_role("button", name="I have them").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("None of these 30 codes was copied, saved or printed")
    await dialog.get_by_role("button", name="Copy all").click()
    await expect(dialog.get_by_text("Copied.")).to_be_visible()
    assert (await page.evaluate("navigator.clipboard.readText()")).split("\n") == codes
    async with page.expect_download() as download:
        await dialog.get_by_role("button", name="Save as CSV").click()
    saved = await download.value
    assert saved.suggested_filename == "north-claims.csv"
    await saved.save_as(tmp_path / "claims.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "claims.csv").read_text())))
    assert [row["code"] for row in rows] == codes
    assert {(row["device"], row["tags"]) for row in rows} == {("", "batch:7 line:2")}

    await page.evaluate("window.print = () => (document.body.dataset.printed = 1)")
    await dialog.get_by_role("button", name="Print labels").click()
    await expect(page.locator("body")).to_have_attribute("data-printed", "1")
    await page.emulate_media(media="print")
    await expect(page.locator(".label")).to_have_count(30)
    await expect(page.locator(".label").first).to_contain_text(codes[0])
    await expect(dialog).to_be_hidden()  # nothing is printed but labels
    await expect(page.get_by_role("banner")).to_be_hidden()
    box = await page.locator(".label").nth(1).bounding_box()
    assert box is not None
    assert [round(box[side] / 96 * 25.4) for side in ("x", "width", "height")] == [70, 70, 37]
    await page.emulate_media(media="screen")

    await dialog.get_by_role("button", name="I have them").click()
    await expect(page.get_by_role("button", name="Open 30")).to_have_attribute("aria-pressed", "true")
    text = await page.evaluate("document.documentElement.outerHTML")
    assert not [code for code in codes if code in text or code.replace("-", "") in text]


async def test_claims_are_shown_a_page_at_a_time_and_searched_in_all_of_them(
    fleet: RunningFleet, home: FleetHome, page: Page, visit: Visit
) -> None:
    IdentityOffice(home).init(None, [])
    client = FleetClient(fleet.url, home.token())
    await client.call("POST", "/api/claims", body={"device": "porch"})
    await client.call("POST", "/api/claims", body={"count": 120, "tags": ["batch:7"]})
    await visit("#/identity")
    claims = page.get_by_role("region", name="Claim codes")
    listed = claims.locator("li.claim")
    await expect(listed).to_have_count(50)
    await claims.get_by_role("button", name="Show 50 more of 121").click()
    await expect(listed).to_have_count(100)
    await listed.last.get_by_role("button", name="Withdraw").click()
    await page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    await claims.get_by_role("button", name="Show 20 more of 120").click()
    await expect(listed).to_have_count(120)
    await expect(listed.last).to_contain_text("porch")
    await claims.get_by_role("searchbox").fill("porc")
    await expect(listed).to_have_count(1)
    await expect(claims.get_by_role("status")).to_have_text("1 claim")
    await claims.get_by_role("searchbox").fill("batch:7")
    await claims.get_by_role("button", name="Withdrawn 1").click()
    await expect(listed).to_have_count(1)
    await claims.get_by_role("button", name="All").click()
    await expect(claims.get_by_role("button", name="Show 50 more of 120")).to_be_visible()


@with_make_page
async def test_a_code_for_one_device_is_withdrawn_when_somebody_says_yes(
    identified: RunningFleet, home: FleetHome, page: Page, visit: Visit
) -> None:
    client = FleetClient(identified.url, home.token())
    await visit("#/identity")
    claims = page.get_by_role("region", name="Claim codes")
    await expect(claims.get_by_role("listitem")).to_have_count(30)
    await page.get_by_role("button", name="New claim codes…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Device", exact=True).fill("porch")
    await dialog.get_by_role("button", name="Make").click()
    code = await dialog.locator(".code-large").text_content()
    assert code is not None
    assert normalise(code) == code
    await dialog.get_by_role("button", name="Done").click()
    await expect(dialog).to_be_hidden()
    await claims.get_by_role("searchbox").fill("porch")
    porch = claims.get_by_role("listitem")
    await expect(porch).to_have_count(1)
    await porch.get_by_role("button", name=re.compile("Withdraw the claim code .* for porch")).click()
    await expect(dialog).to_contain_text("let no device in with it any more")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(porch).to_contain_text("good until")
    await porch.get_by_role("button", name=re.compile("Withdraw")).click()
    await dialog.get_by_role("button", name="Withdraw").click()
    await expect(porch).to_have_count(0)
    await claims.get_by_role("button", name="Withdrawn 2").click()
    await expect(porch).to_contain_text("withdrawn before it was used")
    (claim,) = [one for one in (await client.call("GET", "/api/claims"))["claims"] if one["device"] == "porch"]
    assert claim["state"] == "revoked"

    await claims.get_by_role("searchbox").fill("")
    await claims.get_by_role("button", name="Used 1").click()
    await expect(porch).to_contain_text("used by kitchen-1 on")
    await claims.get_by_role("link", name="kitchen-1").click()
    await expect(page.get_by_role("region", name="Certificates")).to_contain_text("active")
    await page.get_by_role("button", name="New claim code…").click()
    await expect(dialog.get_by_label("Device", exact=True)).to_have_value("kitchen-1")


@with_make_page
async def test_what_expires_soon_is_said_with_what_to_do(identified: RunningFleet, page: Page, visit: Visit) -> None:
    await visit("#/identity")
    await expect(page.get_by_text("cygnet fleet identity server NAME")).to_be_visible()
    await expect(page.get_by_text("1 device has a certificate that will expire within 30 days.")).to_be_visible()
    devices = page.get_by_role("region", name="Devices")
    await expect(devices).to_contain_text("With a good certificate2")
    await expect(devices.get_by_role("link", name="hall-3")).to_be_visible()
    own = page.get_by_role("region", name=re.compile("own certificates"))
    await expect(own.get_by_role("listitem").filter(has_text="broker")).to_contain_text("expires soon")
    await expect(own.get_by_role("listitem").filter(has_text="root CA")).to_contain_text("good")


@with_make_page
async def test_who_is_no_admin_sees_counts_and_is_never_asked_for_claims(
    identified: RunningFleet, staff: FleetClient, page: Page
) -> None:
    await page.goto(f"{identified.url}/#/identity")
    await sign_in(page, "bob")
    claims = page.get_by_role("region", name="Claim codes")
    await expect(claims).to_contain_text("open30")
    await expect(claims).to_contain_text("withdrawn1")
    await expect(page.get_by_role("button", name=re.compile("claim code|Withdraw"))).to_have_count(0)
    assert "/api/claims" not in await page.evaluate(ASKED)
    await page.evaluate("location.hash = '#/devices/kitchen-1'")
    await expect(page.get_by_role("button", name="Revoke…")).to_be_disabled()
    await expect(page.get_by_role("button", name="New claim code…")).to_have_count(0)


@with_make_page
async def test_a_fleet_without_certificates_says_how_to_begin(fleet: RunningFleet, page: Page, visit: Visit) -> None:
    await visit("#/identity")
    await expect(page.get_by_text("cygnet fleet identity init --server broker.example")).to_be_visible()
    await expect(page.get_by_role("button", name="New claim codes…")).to_have_count(0)


@with_make_page
async def test_a_bar_code_has_the_widths_of_code_128(fleet: RunningFleet, page: Page, visit: Visit) -> None:
    await visit("#/identity")
    widths = await page.evaluate("import('./barcode.js').then(({ barWidths }) => barWidths('PJJ123C'))")
    # Start B, P J J 1 2 3 C, check symbol 55, stop: as ISO/IEC 15417 adds it up.
    assert len(widths) == 6 * 9 + 7
    assert widths.startswith("211214" + "313121" + "112133" * 2 + "123221" + "223211" + "221132" + "131321")
    assert widths.endswith("311321" + "2331112")
