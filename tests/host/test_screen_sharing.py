"""What a screen has for sharing, for pictures over a program, and for what a button opens."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.host.conftest import Screens
from tests.host.screen_device import APP, PNG, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def test_the_sign_in_the_bar_and_a_button_share_the_page(device: PaperDevice, screens: Screens) -> None:
    ids = device.push(navigationBarTitleText="Lamp").ids
    button = ids.element("button", "Share", open_type="share")
    screen = await screens.open_program(button)
    sign = screen.page.locator(".bar .share")
    await expect(sign).not_to_be_visible()

    device.set_window(shareMenu=True)
    await sign.click()
    assert (await device.event("share")).node == 0
    device.events.clear()
    await screen.find("wx-button").click()
    assert (await device.event("share")).node == button[0]

    device.set_window(shareMenu=False)
    await expect(sign).not_to_be_visible()


@pytest.mark.parametrize(
    ("kind", "event", "message"),
    [
        ("getPhoneNumber", "getphonenumber", "getPhoneNumber:fail not supported on this host"),
        ("getUserInfo", "getuserinfo", "getUserInfo:fail not supported on this host"),
        ("launchApp", "error", "launchApp:fail not supported on this host"),
        ("chooseAvatar", "chooseavatar", "chooseAvatar:fail not supported on this host"),
        ("agreePrivacyAuthorization", "agreeprivacyauthorization", "agreePrivacyAuthorization:ok"),
        ("getPhoneNumber|agreePrivacyAuthorization", "agreeprivacyauthorization", "agreePrivacyAuthorization:ok"),
    ],
)
async def test_what_only_a_phone_opens_says_so(
    kind: str, event: str, message: str, device: PaperDevice, screens: Screens
) -> None:
    button = device.push().ids.element("button", "go", open_type=kind, events=[event])
    screen = await screens.open_program(button)

    await screen.find("wx-button").click()

    assert (await device.event(event)).detail == {"errMsg": message}


async def test_a_navigator_to_another_program_fails_and_exit_goes_home(device: PaperDevice, screens: Screens) -> None:
    ids = device.push().ids
    screen = await screens.open_program(
        ids.element(
            "navigator", "other", target="miniProgram", app_id="x", events=["fail", "complete"], class_="other"
        ),
        ids.element("navigator", "leave", target="miniProgram", open_type="exit", class_="leave"),
    )

    await screen.find(".other").click()
    await device.event("complete")
    assert [event.event for event in device.events] == ["fail", "complete"]
    await screen.find(".leave").click()
    await device.call("home")


async def test_pictures_are_shown_over_the_program_one_by_one(device: PaperDevice, screens: Screens) -> None:
    device.resources["images/blue.png"] = PNG
    device.push()
    screen = await screens.open_program(device.page.ids.element("view", "below"))
    arguments: dict[str, Any] = {"urls": ["/images/red.png", "/images/blue.png", "/images/red.png"], "current": 1}
    device.screen.ui(APP, "previewImage", arguments)

    viewer = screen.page.locator(".viewer")
    picture, count = viewer.locator("img"), viewer.locator(".viewer-count")
    await expect(picture).to_have_attribute("src", f"/program/{APP}/3/images/blue.png")
    await expect(count).to_have_text("2 / 3")
    await screen.page.keyboard.press("ArrowRight")
    await expect(count).to_have_text("3 / 3")
    await expect(viewer.get_by_role("button", name="Next")).not_to_be_visible()
    await viewer.get_by_role("button", name="Previous").click()
    await expect(count).to_have_text("2 / 3")
    await screen.page.mouse.move(300, 300)
    await screen.page.mouse.down()
    await screen.page.mouse.move(500, 300)
    await screen.page.mouse.up()
    await expect(count).to_have_text("1 / 3")
    await screen.page.mouse.click(500, 300)
    await expect(viewer).not_to_be_visible()


async def test_a_keyboard_is_hidden_with_the_focus(device: PaperDevice, screens: Screens) -> None:
    device.push()
    screen = await screens.open_program(device.page.ids.element("input", events=["blur"]))
    await screen.find("input").focus()

    device.screen.ui(APP, "hideKeyboard", {})

    await device.event("blur")
    await expect(screen.find("input")).not_to_be_focused()


async def test_a_question_of_the_device_itself_lies_over_every_program(device: PaperDevice, screens: Screens) -> None:
    device.push()
    screen = await screens.open_program(device.page.ids.element("view", "below"))
    words: dict[str, Any] = {
        "title": "Open a shared page?",
        "content": "From the hall",
        "confirmText": "Open",
        "cancelText": "Not now",
    }
    device.screen.ui("", "showModal", words, "d9")

    await expect(screen.page.get_by_role("alertdialog")).to_contain_text("From the hall")
    late = await screens.open()
    await expect(late.page.get_by_role("alertdialog")).to_contain_text("From the hall")
    await screen.page.get_by_role("button", name="Open").click()
    assert await device.call("ui_result") == ("ui_result", "", "d9", {"confirm": True, "cancel": False})
    await expect(late.page.get_by_role("alertdialog")).to_have_count(0)
