"""Who may come in, and what their role lets them press."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from firmware_tools.fleet.access import passwords
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from tests.fleet.packages import small_package

pytestmark = [pytest.mark.broker, pytest.mark.browser]
PASSWORD = "a long walk by the lake"  # noqa: S105 - of accounts in tests only


@pytest_asyncio.fixture(loop_scope="session")
async def staff(fleet: RunningFleet, home: FleetHome, monkeypatch: pytest.MonkeyPatch) -> FleetClient:
    """One account a role; what a hash costs is for attackers."""
    monkeypatch.setattr(passwords, "COST", passwords.Cost(2**8, 8, 1))
    client = FleetClient(fleet.url, home.token())
    for name, role in (("ada", "admin"), ("bob", "operator"), ("eve", "viewer")):
        await client.call("POST", "/api/operators", body={"name": name, "role": role, "password": PASSWORD})
    return client


async def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def test_who_has_no_token_is_asked_for_it_and_comes_where_they_wanted_to_go(
    fleet: RunningFleet, home: FleetHome, page: Page
) -> None:
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    await page.goto(f"{fleet.url}/#/devices/kitchen")
    await page.get_by_text("Use the operator token instead").click()
    await page.get_by_label("Operator token").fill("wrong")
    await page.get_by_role("button", name="Sign in with the token").click()
    await expect(page.get_by_role("alert")).to_contain_text("the operator token is missing or wrong")
    await page.get_by_label("Operator token").fill(home.token())
    await page.get_by_role("button", name="Sign in with the token").click()
    await expect(page.get_by_role("heading", name="Kitchen speaker")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Kitchen speaker")).to_be_visible()


async def test_people_sign_in_by_name_stay_in_over_a_reload_and_sign_out(
    fleet: RunningFleet, staff: FleetClient, page: Page
) -> None:
    await page.goto(fleet.url)
    await sign_in(page, "bob", "wrong")
    await expect(page.get_by_role("alert")).to_contain_text("the name or the password is wrong")
    await sign_in(page, "bob")
    who = page.get_by_role("button", name="Signed in as bob, operator")
    await expect(who).to_be_visible()
    await expect(page.get_by_role("link", name="Operators")).to_have_count(0)
    await page.reload()
    await who.click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in to this fleet")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in to this fleet")).to_be_visible()


async def test_a_viewer_sees_everything_and_is_told_why_a_button_does_nothing(
    fleet: RunningFleet, staff: FleetClient, page: Page
) -> None:
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    await fleet.operations.publish(small_package(), "lamp.ma")
    await page.goto(f"{fleet.url}/#/devices/kitchen")
    await sign_in(page, "eve")
    assign = page.get_by_role("button", name="Assign…")
    await expect(assign).to_be_disabled()
    await assign.click(force=True)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_text("You are a viewer; this takes an operator.")).to_be_visible()
    await page.goto(f"{fleet.url}/#/rollouts")
    await expect(page.get_by_role("button", name="Emergency stop…")).to_be_disabled()
    await page.goto(f"{fleet.url}/#/rollouts/new")
    await expect(page.get_by_role("button", name="Make and start")).to_be_disabled()


async def test_an_admin_keeps_the_accounts_and_reads_who_did_what(
    fleet: RunningFleet, staff: FleetClient, page: Page
) -> None:
    await page.goto(f"{fleet.url}/#/operators")
    await sign_in(page, "ada")
    await expect(page.get_by_role("heading", name="Operators")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("carol")
    await page.get_by_label("Password").fill("short")
    await page.get_by_role("button", name="Make the account").click()
    await expect(page.get_by_text("a password has 12 to")).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()
    carol = page.get_by_role("listitem").filter(has_text="carol")
    await expect(carol).to_contain_text("never signed in")
    await page.get_by_label("Role of carol").select_option("operator")
    await expect(page.get_by_text("carol is operator now.")).to_be_visible()
    await carol.get_by_role("button", name="Tokens…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("New token for").fill("nightly export")
    await dialog.get_by_role("button", name="Make a token").click()
    token = await dialog.locator("pre").text_content()
    assert token is not None
    assert (await FleetClient(fleet.url, token).call("GET", "/api/session"))["name"] == "carol"
    await dialog.get_by_role("button", name="Revoke the token nightly export").click()
    await expect(dialog.get_by_text("No token.")).to_be_visible()
    await dialog.get_by_role("button", name="Close").click()
    await carol.get_by_role("button", name="Disable…").click()
    await dialog.get_by_role("button", name="Disable").click()
    await expect(carol).to_contain_text("disabled")

    await page.evaluate("location.hash = '#/audit'")
    await expect(page.get_by_text("verified up to entry")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="token.revoke")).to_contain_text("ada")
    await page.get_by_label("Only this kind of action").fill("operator.create")
    await expect(page.get_by_role("row").filter(has_text="token.revoke")).to_have_count(0)
    await expect(page.get_by_role("row").filter(has_text="carol").filter(has_text="done")).to_have_count(1)
    assert page.url.endswith("#/audit?action=operator.create")
    await page.get_by_role("button", name="Check all of it").click()
    await expect(page.get_by_text("none changed.")).to_be_visible()
