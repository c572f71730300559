"""Pictures, sound and fonts from outside of the package come through the device, which says what a program may have."""

import aiohttp
import pytest
from playwright.async_api import expect

from device_runtime.host.screen.http import media_type, rewrite_style
from device_runtime.program.manifest import Tab, TabBar
from device_runtime.values import Value
from tests.host.conftest import Screens
from tests.host.screen_device import APP, PNG, VERSION, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

CDN = "https://cdn.example/a b.png?x=1&y=%2F"
OWN = "wxfile://usr/photo.png"


@pytest.mark.parametrize("address", [CDN, OWN, "bdfile://tmp/1.png"])
async def test_a_picture_of_a_server_or_of_the_program_s_files_is_shown(
    address: str, device: PaperDevice, screens: Screens
) -> None:
    device.servers[address] = PNG
    ids = device.push().ids
    picture = ids.element("image", src=address, events=["load", "error"])
    box = ids.element("view", "x", class_="box", style=f"background-image: url('{address}')")
    screen = await screens.open_program(picture, box)

    event = await device.event("load")
    assert event.detail == {"width": 1, "height": 1}
    assert all(asked.startswith(device.url) for asked in screen.addresses)
    shown = await screen.find(".box").evaluate("(box) => getComputedStyle(box).backgroundImage")
    assert shown.startswith(f'url("{device.url}media/{APP}/{VERSION}/')


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>", b"%PDF-1.7", b"", b"<html><svg></html>"[:9]])
async def test_only_passive_media_is_served(content: bytes, device: PaperDevice) -> None:
    device.servers[CDN] = content
    async with aiohttp.ClientSession() as http:
        answer = await http.get(f"{device.url}media/{APP}/{VERSION}/https%3A%2F%2Fcdn.example%2Fa%20b.png%3Fx%3D1")
        assert answer.status == 404
        answer = await http.get(f"{device.url}media/{APP}/{VERSION}/file%3A%2F%2F%2Fetc%2Fpasswd")
        assert answer.status == 404


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif"),
        (b"RIFF....WEBPVP8 ", "image/webp"), (b"RIFF....WAVEfmt ", "audio/wav"), (b"wOF2", "font/woff2"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "image/svg+xml"), (b"....ftypisom", "video/mp4"),
        (b"#!/bin/sh", None),
    ],
)  # fmt: skip
async def test_media_is_known_by_how_it_begins(content: bytes, kind: str | None) -> None:
    assert media_type(content) == kind


@pytest.mark.parametrize(
    ("style", "rewritten"),
    [
        (b"a{background:url(a.png)}", b"a{background:url(a.png)}"),
        (b"a{background:url(data:image/png;base64,AA)}", b"a{background:url(data:image/png;base64,AA)}"),
        (b"a{b:url( 'https://x.y/a.png' )}", b'a{b:url("/media/app/3/https%3A%2F%2Fx.y%2Fa.png")}'),
        (b"a{b:url(//x.y/f.woff2?t=1)}", b'a{b:url("/media/app/3/https%3A%2F%2Fx.y%2Ff.woff2%3Ft%3D1")}'),
        (b'a{b:URL("http://x.y/\xe4\xbd\xa0")}', b'a{b:url("/media/app/3/http%3A%2F%2Fx.y%2F%E4%BD%A0")}'),
    ],
)
async def test_addresses_of_servers_in_style_sheets_go_through_the_device(style: bytes, rewritten: bytes) -> None:
    assert rewrite_style(style, "app", "3") == rewritten


FAMILIES = "[...document.fonts].map((face) => face.family).sort()"


async def test_a_program_s_fonts_are_there_while_it_is_in_front(device: PaperDevice, screens: Screens) -> None:
    device.resources["components/icon/icon.css"] = (
        b"@font-face { font-family: icons; src: url(//cdn.example/icons.woff2) format('woff2'); font-weight: 400 }"
        b" @media all { @font-face { font-family: 'in-media'; src: url('https://cdn.example/m.woff') } }"
        b" .icon { font-family: icons }"
    )
    ids = device.push(styles=["components/icon/icon.css"]).ids
    screen = await screens.open_program(ids.element("view", "x", class_="icon"))

    await screen.page.wait_for_function(f'() => {FAMILIES}.join() === "icons,in-media"')
    asked = f"{device.url}media/{APP}/{VERSION}/https%3A%2F%2Fcdn.example%2Ficons.woff2"
    assert asked in screen.addresses

    device.screen.ui(
        APP, "loadFontFace", {"family": "Late", "source": "url('https://cdn.example/late.ttf')", "desc": {}}
    )
    await screen.page.wait_for_function(f'() => {FAMILIES}.includes("Late")')
    late = await screens.open()
    await late.page.wait_for_function(f'() => {FAMILIES}.includes("Late")')

    device.screen.foreground(None)
    await screen.page.wait_for_function(f"() => {FAMILIES}.length === 0")


async def test_tabs_change_as_the_program_says_on_late_screens_too(device: PaperDevice, screens: Screens) -> None:
    tabs = (Tab("pages/index/index", "Home", "", ""), Tab("pages/list/list", "List", "", ""))
    device.tab_bar = TabBar(tabs, color="#111111")
    ids = device.push().ids
    screen = await screens.open_program(ids.element("view", "page"))
    item: dict[str, Value] = {"index": 1, "text": "Found", "iconPath": "", "selectedIconPath": ""}
    device.screen.ui(APP, "setTabBarItem", item)
    device.screen.ui(APP, "setTabBarItem", item | {"text": "", "iconPath": "/images/red.png"})
    style: dict[str, Value] = {
        "color": "",
        "selectedColor": "#ff0000",
        "backgroundColor": "#000000",
        "borderStyle": "white",
    }
    device.screen.ui(APP, "setTabBarStyle", style)

    for shown in (screen, await screens.open()):
        tab = shown.page.locator(".program.shown .tab")
        await expect(tab.nth(0)).to_have_text("Home")
        await expect(tab.nth(1)).to_have_text("Found")
        await expect(tab.nth(1).locator("img")).to_have_attribute("src", f"/program/{APP}/{VERSION}/images/red.png")
        await expect(tab.nth(0)).to_have_css("color", "rgb(255, 0, 0)")
        await expect(tab.nth(1)).to_have_css("color", "rgb(17, 17, 17)")
        await expect(shown.page.locator(".program.shown .tabs")).to_have_css("background-color", "rgb(0, 0, 0)")


async def test_a_toast_may_have_a_picture_of_the_program(device: PaperDevice, screens: Screens) -> None:
    device.push()
    screen = await screens.open_program()
    device.screen.ui(APP, "showToast", {"title": "Done", "image": "/images/red.png", "duration": 9000})

    picture = screen.page.locator(".toast img")
    await expect(picture).to_have_attribute("src", f"/program/{APP}/{VERSION}/images/red.png")
