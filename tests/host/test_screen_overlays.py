"""Styles and classes that template modules lay over what a template binds, on a real screen."""

import pytest
from playwright.async_api import expect

from tests.host.conftest import Screens

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def test_overlays_win_over_bindings_and_stay_when_these_change(kept: Screens) -> None:
    device = kept.device
    device.reset()
    node = device.push().ids.element("view", "text", class_="a b", style="width: 50px; height: 10px")
    screen = await kept.open_program(node)
    view = screen.find("view")

    device.patch(["set", node[0], "overlayStyle", "width: 80px"], ["set", node[0], "overlayClass", [["c"], ["b"]]])
    await expect(view).to_have_css("width", "80px")
    await expect(view).to_have_class("a c")

    device.patch(["set", node[0], "style", "width: 60px; height: 20px"], ["set", node[0], "class", "b d"])
    await expect(view).to_have_css("height", "20px")
    await expect(view).to_have_css("width", "80px")
    await expect(view).to_have_class("d c")

    device.patch(["set", node[0], "overlayStyle", None], ["set", node[0], "overlayClass", None])
    await expect(view).to_have_css("width", "60px")
    await expect(view).to_have_class("b d")
